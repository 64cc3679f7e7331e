"""Which terms are common enough to be printed: in at least a percentage of the subjects of any one arm, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from longwatch.tables.arms import Arms


class Threshold:
    """`share`: percent of the subjects of an arm, as written; 0 keeps every term."""

    def __init__(self, parameters: Mapping[str, object], arms: Arms, default: float = 0.0) -> None:
        share = parameters.get("at_least", default)
        assert isinstance(share, int | float)
        self.share = float(share)
        exact = Fraction(repr(self.share))
        self._percent, self._of = exact.numerator, exact.denominator
        self._sizes = arms.sizes

    @property
    def is_set(self) -> bool:
        """Whether any term can be left out."""
        return self.share > 0

    def keeps(self, by_term: NDArray[np.int64]) -> NDArray[np.bool_]:
        """By term, whether any arm reaches the share. `by_term`: subjects by arm and term; a term nobody had is out."""
        reached = (100 * self._of * by_term >= self._percent * self._sizes[:, np.newaxis]) & (by_term > 0)
        kept: NDArray[np.bool_] = np.logical_or.reduce(reached, axis=0, initial=False)
        return kept

    def note(self) -> str:
        """What a table prints in place of rows where no term is printed."""
        return f"No term reached {self.share:g} % in any arm" if self.is_set else "No events met the criteria"

    def say(self, groups: str = "") -> tuple[str, ...]:
        """The footnote: none where every term is printed. `groups`: what the lines above the terms count."""
        if not self.is_set:
            return ()
        text = f"Printed are PTs in at least {self.share:g} % of the subjects of any one arm, by the exact ratio."
        return (f"{text} {groups}".strip(),)

    def as_parameter(self) -> dict[str, str]:
        """The share as asked for; nothing where it was not."""
        return {"at_least": f"{self.share:g}"} if self.is_set else {}
