"""What a CI service does for a change and on a schedule: a preview as a comment, the drift as an issue."""
