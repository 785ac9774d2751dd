"""The commands: preview, up, destroy and the rest, on the Pulumi CLI or on the embedded engine."""
