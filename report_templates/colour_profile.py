"""The output intent's colour profile: sRGB, computed here, so that no licence comes with it.

A matrix profile of ICC version 2.1 (ICC.1:2001-04): the primaries and the white point of IEC 61966-2-1, adapted to
D50 by Bradford's matrix, as the ICC publishes them, and the tone curve of the same standard in 1,024 steps.
"""

from __future__ import annotations

import struct
from functools import cache

NAME = "sRGB IEC61966-2.1"
_LICENCE = "CC0: no rights reserved"
_STEPS = 1024
_WHITE = (0.9505, 1.0, 1.0891)
_D50 = (0.9642, 1.0, 0.8249)
_RED = (0.43607, 0.22249, 0.01392)
_GREEN = (0.38515, 0.71687, 0.09708)
_BLUE = (0.14307, 0.06061, 0.71410)
_HEAD = 128
_DATE = (2000, 1, 1, 0, 0, 0)


@cache
def make_srgb() -> bytes:
    """The profile. The same bytes always."""
    curve = _curve()
    tags = {
        b"desc": _description(NAME),
        b"cprt": b"text\0\0\0\0" + _LICENCE.encode("ascii") + b"\0",
        b"wtpt": _point(_WHITE),
        b"rXYZ": _point(_RED),
        b"gXYZ": _point(_GREEN),
        b"bXYZ": _point(_BLUE),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    start = _HEAD + 4 + 12 * len(tags)
    places: dict[bytes, int] = {}
    body = b""
    for data in tags.values():
        if data not in places:
            places[data] = start + len(body)
            body += data + b"\0" * (-len(data) % 4)
    table = struct.pack(">I", len(tags)) + b"".join(
        struct.pack(">4sII", tag, places[data], len(data)) for tag, data in tags.items()
    )
    return _header(start + len(body)) + table + body


def _header(size: int) -> bytes:
    fixed = struct.pack(">I4sI4s4s4s6H4s", size, b"\0" * 4, 0x02100000, b"mntr", b"RGB ", b"XYZ ", *_DATE, b"acsp")
    rendered = fixed + struct.pack(">4sIIIQI", b"\0" * 4, 0, 0, 0, 0, 0) + b"".join(map(_fixed, _D50))
    return rendered + b"\0" * (_HEAD - len(rendered))


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _point(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(_fixed, values))


def _description(text: str) -> bytes:
    ascii_text = text.encode("ascii") + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(ascii_text)) + ascii_text + b"\0" * (4 + 4 + 2 + 1 + 67)


def _curve() -> bytes:
    """Light for each step of a colour value (IEC 61966-2-1, 5.2)."""
    light = []
    for step in range(_STEPS):
        value = step / (_STEPS - 1)
        linear = value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        light.append(round(linear * 65535))
    return b"curv\0\0\0\0" + struct.pack(f">I{_STEPS}H", _STEPS, *light)
