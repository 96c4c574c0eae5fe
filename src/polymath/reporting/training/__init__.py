"""What people read of a training run."""
