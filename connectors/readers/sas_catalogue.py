"""SAS catalogues of formats (SAS7BCAT), through pyreadstat: what the values of a format mean.

Labels are carried beside the values, which stay as they are. A format is met by its name: `$SEXA.` and `$SEXA8.` are
`$SEXA`; capitals do not count. Keys are text: a number in its shortest form, a special missing value as its letter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from connectors.readers.reading import Reading
from longwatch.errors import SourceError
from longwatch.standards.dataset import Variable

READER = f"longwatch-sas7bcat 1 (pyreadstat {version('pyreadstat')})"
_NAME = re.compile(r"(\$?[A-Za-z_][A-Za-z0-9_]*?)[0-9]*(?:\.[0-9]*)?$")

Labels = tuple[tuple[str, str], ...]


def read_catalogues(paths: Sequence[tuple[str, Path]]) -> dict[str, Labels]:
    """The formats of all catalogues of a snapshot, given by file name and path: name in capitals → value and label.

    Raises SourceError: LW-CAT-001 (it cannot be read), LW-CAT-002 (two catalogues say different things of one format).
    """
    formats: dict[str, Labels] = {}
    said_by: dict[str, str] = {}
    for where, path in paths:
        for name, labels in _read(path, where).items():
            if formats.setdefault(name, labels) != labels:
                raise SourceError(
                    "LW-CAT-002",
                    f"two catalogues label the values of the format {name} differently",
                    where=f"{said_by[name]} and {where}",
                    next_step="choose one of them by `include:` of its source",
                )
            said_by.setdefault(name, where)
    return formats


def _read(path: Path, where: str) -> dict[str, Labels]:
    import pyreadstat

    try:
        _, described = pyreadstat.read_sas7bcat(str(path), output_format="dict")
    except (pyreadstat.ReadstatError, UnicodeDecodeError) as refused:
        raise SourceError(
            "LW-CAT-001",
            "it cannot be read as a SAS catalogue of formats",
            where=where,
            expected="a whole SAS7BCAT file",
            next_step="transfer it again (in binary mode), or leave it out by `include:`: values then have no labels",
        ) from refused
    return {
        name.upper(): tuple(sorted((_key(value), str(label)) for value, label in labels.items()))
        for name, labels in described.value_labels.items()
    }


def _key(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def labelled(reading: Reading, formats: Mapping[str, Labels]) -> Reading:
    """A reading whose variables carry the labels of their format's values, where a catalogue has them."""
    if not formats:
        return reading
    return replace(reading, variables=tuple(_labelled(variable, formats) for variable in reading.variables))


def _labelled(variable: Variable, formats: Mapping[str, Labels]) -> Variable:
    shown = (variable.format or "").upper()
    found = _NAME.match(shown)
    # A format's own name may not end in a digit; its width follows.
    labels = formats.get(found[1], ()) if found else ()
    return replace(variable, value_labels=labels) if labels else variable
