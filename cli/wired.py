"""The adapters of the settings in force, for a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from operations.ports import Adapters


def wired() -> Adapters:
    """What commands give to operations."""
    from runtime.settings import read_settings
    from runtime.wiring import make_adapters

    return make_adapters(read_settings())
