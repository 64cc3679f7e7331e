"""The order of a table's lines (CONTRACTS.md, Numbers as data; spec C.2 rule 5)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from longwatch.tables.arms import Arms


class Ranking:
    """Several arms: by falling number of subjects in all arms together. Where one comparison is named: by falling risk
    difference, as the integer x1·n2 − x2·n1, which ranks the same and knows no rounding. Ties by name."""

    def __init__(self, arms: Arms) -> None:
        self._pair = arms.comparisons[0] if len(arms.comparisons) == 1 else None
        self._sizes = arms.sizes

    @property
    def words(self) -> str:
        """The order, for a footnote."""
        return "falling risk difference" if self._pair else "falling number of subjects in all arms together"

    def __call__(self, subjects: NDArray[np.int64], name: str) -> tuple[int, str]:
        """The key to sort a line by, from its subjects per arm and its name."""
        if self._pair is None:
            return -int(subjects.sum()), name
        arm, control = self._pair
        difference = int(subjects[arm]) * int(self._sizes[control]) - int(subjects[control]) * int(self._sizes[arm])
        return -difference, name


class SocOrder:
    """SOCs in MedDRA's internationally agreed order, those that it does not have after them by name (spec A.4, C.2 rule
    5). `order`: the names, empty where the study names no release that has the order: then all by name."""

    def __init__(self, order: Sequence[str]) -> None:
        self._places = {name.upper(): place for place, name in enumerate(order)}

    @property
    def words(self) -> str:
        """The order, for a footnote."""
        if not self._places:
            return "SOCs and PTs by name"
        return "SOCs in MedDRA's internationally agreed order, those that it does not have last; PTs by name"

    def __call__(self, soc: str) -> tuple[int, str]:
        """The key to sort a SOC by."""
        return self._places.get(soc.upper(), len(self._places)), soc
