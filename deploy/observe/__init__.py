"""What can be seen of an environment: its state, its history, its live objects, its answers."""
