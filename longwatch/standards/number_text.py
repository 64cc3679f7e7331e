"""Numbers that travel as text, in sources that type nothing."""

from __future__ import annotations

import polars as pl


def numbers_of(texts: pl.Series) -> tuple[pl.Series, int | None]:
    """A column of text as `Float64`, and the position of the first text that is no number (None: there is none).

    Cases: missing or blank is null; blanks around a number do not count; a decimal number, with or without exponent,
    is the nearest double; anything else, infinity and NaN too, is no number, and null here.
    """
    stripped = texts.str.strip_chars()
    stripped = stripped.set(stripped == "", None)
    numbers = stripped.cast(pl.Float64, strict=False)
    finite = numbers.is_finite().fill_null(False)
    wrong = (stripped.is_not_null() & ~finite).arg_true()
    return numbers.set(~finite, None), wrong[0] if wrong.len() else None
