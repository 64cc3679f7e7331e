"""Until when an object of the archive is locked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from operations.ports import Adapters


def locked_until(adapters: Adapters) -> datetime | None:
    """The end of the lock of what is archived now, where the operator asked for one (docs/adr/0007); else None."""
    return adapters.clock() + timedelta(days=adapters.lock_days) if adapters.lock_days else None
