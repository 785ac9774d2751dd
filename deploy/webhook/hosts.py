"""Names of this machine that no other machine's page can take on."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def loopback(place: str) -> bool:
    """Whether a HOST or HOST:PORT is loopback by its own words, whatever DNS says."""
    try:
        host = urlsplit(f"//{place}").hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
