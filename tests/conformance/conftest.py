"""The cluster of the integration tests; the programs run in namespaces of their own on it."""

from __future__ import annotations

from tests.integration.conftest import node

__all__ = ["node"]
