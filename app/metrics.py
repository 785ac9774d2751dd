"""Prometheus metrics, summed over the server's worker processes.

https://prometheus.github.io/client_python/multiprocess/: with PROMETHEUS_MULTIPROC_DIR set, every process writes its
figures to files there, and any of them answers for all.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from flask import Blueprint, Response, current_app
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from app.settings import Settings

blueprint = Blueprint("metrics", __name__)

REQUESTS = Counter("http_requests_total", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram("http_request_duration_seconds", "Time to answer.", ["method", "route"])
IN_FLIGHT = Gauge("http_requests_in_flight", "Requests being answered.", multiprocess_mode="livesum")


class Info(Collector):
    """What runs here, as a metric that is always 1."""

    def __init__(self, settings: Settings) -> None:
        self._labels = {"version": settings.version, "environment": settings.environment}

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily("flask_k8s_info", "What runs here.", labels=list(self._labels))
        family.add_metric(list(self._labels.values()), 1)
        yield family


@blueprint.get("/metrics")
def expose() -> Response:
    """All figures of all workers, in Prometheus' text format."""
    # A registry per scrape: it reads the files of the workers that live or lived.
    info = CollectorRegistry()
    info.register(Info(current_app.config["SETTINGS"]))
    figures: CollectorRegistry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        figures = CollectorRegistry()
        MultiProcessCollector(figures)  # type: ignore[no-untyped-call]
    return Response(generate_latest(figures) + generate_latest(info), content_type=CONTENT_TYPE_LATEST)
