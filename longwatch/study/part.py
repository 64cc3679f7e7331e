"""What every part of a study file has in common: no unknown key, no change after reading, no blanks around text."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A mapping of a study file."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
