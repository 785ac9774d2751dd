# ruff: noqa: N999  (the name that gunicorn looks for)
"""The server's settings. https://gunicorn.org/reference/settings/"""

import os
from pathlib import Path

# Before the application is imported: how it keeps its figures is settled then.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", "/tmp/metrics")  # noqa: S108
Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).mkdir(parents=True, exist_ok=True)

from app import serve  # noqa: E402

bind = f"0.0.0.0:{serve.number('PORT', 5000)}"
worker_class = "app.worker.DrainingWorker"
workers = serve.number("WORKERS", 2)
threads = serve.number("THREADS", 8)
# Longer than load balancers and clients keep an idle connection, so that they close it and never meet a closed one.
keepalive = 75
graceful_timeout = serve.number("GRACEFUL_TIMEOUT", 20)
timeout = 30
# One import for all workers: a quicker start, shared memory, and an application that cannot start ends the server.
preload_app = True
# Heartbeats touch a file; in memory they cannot be held up by a disk.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
control_socket_disable = True
logconfig_dict = serve.logging_settings()
# The application logs its requests itself.
accesslog = None
on_starting = serve.on_starting
pre_fork = serve.pre_fork
child_exit = serve.child_exit
