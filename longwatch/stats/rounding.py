"""Numbers as text: exact decimal rounding, half away from zero (spec C.2 rule 3).

A percentage is rounded from the integers n and N, never from a binary float: 1/16 is 6.25 % and prints 6.3, where
`format(6.25, '.1f')` prints 6.2. A number is rounded once, and minus zero is never printed.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

NOT_ESTIMABLE = "NE"


def round_half_away(value: Fraction | int | float, digits: int) -> Decimal:
    """A number at `digits` decimals, halves away from zero: 0.05 → 0.1, −0.05 → −0.1, −0.04 → 0.0 (not −0.0).

    A Fraction or int is rounded exactly. A float is rounded as the exact binary value it holds: for numbers that are
    no ratio of counts (limits of intervals, p-values). Raises ValueError where a float is no number.
    """
    exact = Fraction(value)
    scale = 10**digits
    magnitude = (2 * abs(exact.numerator) * scale + exact.denominator) // (2 * exact.denominator)
    signed = magnitude if exact >= 0 else -magnitude
    return Decimal(signed).scaleb(-digits)


def percent_text(count: int, total: int) -> str:
    """n of N in percent, as printed: one decimal, exactly rounded.

    Cases, in order: N = 0 or n = 0 → no percent (empty); n = N → `100`; below 0.05 → `<0.1`; would print 100.0 though
    n < N → `>99.9`; else one decimal. Raises ValueError where n is negative or above N.
    """
    if not 0 <= count <= total:
        raise ValueError(f"{count} of {total} is no proportion")
    if count == 0:
        return ""
    if count == total:
        return "100"
    if 2000 * count < total:
        return "<0.1"
    tenths = (2000 * count + total) // (2 * total)
    return ">99.9" if tenths >= 1000 else f"{tenths // 10}.{tenths % 10}"


def count_percent_text(count: int, total: int) -> str:
    """`n (p)` as printed: `65 (75.6)`, `0`, `12 (100)`, `1 (<0.1)`; N = 0 → `0`."""
    percent = percent_text(count, total)
    return f"{count} ({percent})" if percent else str(count)


def points_text(value: Fraction | float | None) -> str:
    """A difference or limit in percentage points, one decimal; missing → `NE`."""
    return NOT_ESTIMABLE if value is None else str(round_half_away(value, 1))


def p_value_text(p: float | None) -> str:
    """A p-value, as printed: below 0.001 → `<0.001`; above 0.999 → `>0.999`; else three decimals; missing → `NE`."""
    if p is None:
        return NOT_ESTIMABLE
    if p < 0.001:
        return "<0.001"
    if p > 0.999:
        return ">0.999"
    return str(Decimal(p).quantize(Decimal("0.001"), ROUND_HALF_UP))
