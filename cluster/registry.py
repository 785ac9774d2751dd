"""The image registry of a profile: distribution 3 on loopback.

Its configuration follows https://distribution.github.io/distribution/about/configuration/.
"""

from __future__ import annotations

import http.client
import json
from pathlib import Path

from cluster import files

HOST = "127.0.0.1"


def prepare(program: Path, config: Path, data: Path, port: int, host: str = HOST) -> list[str]:
    """Write the registry's configuration to `config` and give the command line by which `program` serves it.

    Images are kept in the folder `data`; it listens on `host`:`port` over plain HTTP, which Docker and
    containerd accept for loopback. Images can be deleted. It logs warnings to its standard error.
    """
    data.mkdir(parents=True, exist_ok=True)
    settings = {
        "version": "0.1",
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(data)},
            "delete": {"enabled": True},
            "redirect": {"disable": True},
        },
        # Relative, because clients may come through a forwarder on another port.
        "http": {"addr": f"{host}:{port}", "relativeurls": True},
    }
    files.write(config, json.dumps(settings, indent=2) + "\n")  # JSON is YAML
    return [str(program), "serve", str(config)]


def healthy(port: int, host: str = HOST, timeout: float = 1.0) -> bool:
    """Whether a registry answers at `host`:`port` within `timeout` seconds."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", "/v2/")
        answer = connection.getresponse()
        return answer.status == 200 and "Docker-Distribution-Api-Version" in answer.headers
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
