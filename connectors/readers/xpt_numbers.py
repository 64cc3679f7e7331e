"""Numbers of a SAS transport file: IBM floating point, and missing values.

Source: SAS TS-140, "Numeric data fields" and "Missing values".
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from connectors.readers.sas_values import Doubles, Truths
from connectors.readers.xpt_header import Field

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]

_FRACTION = np.uint64(0x00FF_FFFF_FFFF_FFFF)
# What a fraction is worth under each first byte (sign and exponent): a power of two.
_SCALE = np.array([(-1.0) ** (byte >> 7) * 2.0 ** (4 * ((byte & 0x7F) - 64) - 56) for byte in range(256)])


def cut_out(records: Bytes, position: int, width: int) -> Bytes:
    """So many bytes of every record, in one piece: copied value by value, not byte by byte."""
    values: npt.NDArray[np.void] = np.ndarray(
        (len(records),), np.dtype((np.void, width)), records, position, (records.strides[0],)
    )
    return np.ascontiguousarray(values).view(np.uint8).reshape(-1, width)


def words_of(records: Bytes, field: Field) -> Words:
    """The values of a number, 64 bits each; shorter ones are filled up with zeros, as SAS cut them."""
    stored = cut_out(records, field.position, field.length)
    if field.length == 8:
        raw = stored
    else:
        raw = np.zeros((len(records), 8), dtype=np.uint8)
        raw[:, : field.length] = stored
    return raw.view(">u8").ravel().astype(np.uint64)


def find_missing(words: Words) -> tuple[Truths, Truths]:
    """Which values are missing, and which of these are special: `.`, `_` or a letter before nothing but zeros."""
    missing, special = np.zeros_like(words, dtype=np.bool_), np.zeros_like(words, dtype=np.bool_)
    alone = np.flatnonzero((words & _FRACTION) == 0)
    first = words[alone] >> np.uint64(56)
    letter = ((first >= ord("A")) & (first <= ord("Z"))) | (first == ord("_"))
    special[alone] = letter
    missing[alone] = letter | (first == ord("."))
    return missing, special


def ibm_to_ieee(words: Words) -> Doubles:
    """IBM floating point (sign, exponent to 16 plus 64 in 7 bits, fraction in 56 bits) as IEEE, rounded to nearest."""
    scale = _SCALE[(words >> np.uint64(56)).astype(np.uint8)]
    # Powers of two keep every bit; adding 0 makes of -0 a 0.
    values: Doubles = (words & _FRACTION).astype(np.float64) * scale + 0.0
    return values


def letters_of(name: str, words: Words, special: Truths) -> pl.Series:
    """The letter of each special missing value (`A` to `Z`, `_`), null where the value is none."""
    code = np.where(special, (words >> np.uint64(56)).astype(np.uint8), np.uint8(0))
    named = {letter: chr(letter) for letter in np.unique(code).tolist() if letter}
    return pl.Series(name, code).replace_strict({0: None, **named}, return_dtype=pl.String)
