"""What people read of a model that was aligned, beside what they read of every training run."""
