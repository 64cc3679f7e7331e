"""Whether a configured Prefect server answers. Asked over HTTP, so that Prefect itself need not be loaded."""

from __future__ import annotations

import urllib.error
import urllib.request

SECONDS = 5


def find_trouble(address: str) -> str | None:
    """Why the server of an API address cannot be used; None where it says that it is healthy."""
    try:
        with urllib.request.urlopen(f"{address.rstrip('/')}/health", timeout=SECONDS) as answer:
            return None if answer.status == 200 else "it does not say that it is healthy"
    except (urllib.error.URLError, OSError, ValueError) as unreachable:
        return str(unreachable)
