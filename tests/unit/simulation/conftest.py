"""ISLET-1 as it is made: clean at several seeds, and larger."""

from __future__ import annotations

import pytest

from simulation import Trial, generate

CLEAN = [
    pytest.param((1, None), id="seed 1"),
    pytest.param((2, None), id="seed 2"),
    pytest.param((3, None), id="seed 3"),
    pytest.param((11, 150), id="150 subjects an arm"),
]

_made: dict[tuple[int, int | None], Trial] = {}


@pytest.fixture(scope="session", params=CLEAN)
def clean(request: pytest.FixtureRequest) -> Trial:
    """A trial without planted errors."""
    key: tuple[int, int | None] = request.param
    if key not in _made:
        _made[key] = generate(key[0], key[1])
    return _made[key]


@pytest.fixture(scope="session")
def bundled() -> Trial:
    """The bundled study without planted errors."""
    return generate(1)
