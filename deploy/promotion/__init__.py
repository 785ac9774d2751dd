"""From one environment to the next, and back."""
