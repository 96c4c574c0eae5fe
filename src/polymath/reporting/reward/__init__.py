"""What people read of a reward model."""
