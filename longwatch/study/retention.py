"""How long a study's reports are kept: rules of anchor event and years (CONTRACTS.md, States; spec F.2).

No rule is a default: which law holds for a trial, a person of the sponsor confirms.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, model_validator

from longwatch.study.part import Part


class RetentionRule(Part):
    """One rule: its `name` as printed, the `anchor` event in words (`trial end`, `expiry of the last lot`), for how
    many `years` after it. `on`: the day of the event; absent while it has not happened."""

    name: Annotated[str, Field(min_length=1)]
    anchor: Annotated[str, Field(min_length=1)]
    years: Annotated[int, Field(ge=1, le=100)]
    on: date | None = None


class Retention(Part):
    """`rules`: the longest that applies wins. `review_months`: how far a lock reaches at least while nothing fixes its
    end. `draft_days`: after how many days a draft may be removed."""

    rules: tuple[RetentionRule, ...] = ()
    review_months: Annotated[int, Field(ge=1, le=120)] = 12
    draft_days: Annotated[int, Field(ge=1, le=36525)] = 365

    @model_validator(mode="after")
    def check_names(self) -> Retention:
        """No name twice."""
        names = [rule.name for rule in self.rules]
        if len(set(names)) != len(names):
            raise ValueError("retention.rules: a name stands twice")
        return self
