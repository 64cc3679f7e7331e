"""Random streams, one for each name: what one dataset draws never moves what another draws."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, name: str, part: int = 0) -> np.random.Generator:
    """The stream of a name: PCG64, seeded by the study's seed, the part of a large study, and the name.

    The same three give the same numbers on any machine that has the locked NumPy.
    """
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, part, key])))
