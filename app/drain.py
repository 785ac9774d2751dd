"""Whether this process is on its way out; set by the server, read by the readiness probe."""

from threading import Event

DRAINING = Event()
"""Set from SIGTERM on: requests are still answered, new traffic should go elsewhere."""
