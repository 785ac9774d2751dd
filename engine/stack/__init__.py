"""The commands about stacks and their configuration."""
