"""Where a stack's state is: checkpoints, locks and secrets in the CLI's file backend."""
