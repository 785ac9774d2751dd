"""Drift: where the live objects are no longer what the last update made them, who changed them, and the way back."""
