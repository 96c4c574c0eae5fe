"""One stage of training a module: it builds the trainer, trains, and leaves a checkpoint to export."""
