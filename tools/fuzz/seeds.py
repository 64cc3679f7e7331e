"""The whole files that broken ones are made from: written by our own writers and by other people's programs, and, where
it is there, public trial data."""

from __future__ import annotations

import csv
import io
import json
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from simulation.generate import generate
from simulation.layout import layouts
from simulation.xpt import write_xpt

ROWS = 40
LARGEST = 200_000
ODM = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" '
    'xmlns:data="http://www.cdisc.org/ns/Dataset-XML/v1.0" FileType="Snapshot" ODMVersion="1.3.2" FileOID="F" '
    '{kind}CreationDateTime="2026-01-31T09:00:00">\n'
)


@dataclass(frozen=True)
class Seed:
    """One whole file: the format it is of, its name, its bytes, and the encoding that its source declares."""

    format: str
    name: str
    content: bytes
    encoding: str = "utf-8"


def seeds(shared: Path | None) -> dict[str, list[Seed]]:
    """The whole files by format. `shared`: the folder of public trial data, None where it is not there."""
    found: dict[str, list[Seed]] = {}
    for seed in [*_written(), *(_public(shared) if shared else ())]:
        found.setdefault(seed.format, []).append(seed)
    return found


def _written() -> Iterator[Seed]:
    trial = generate(7, 6, None)
    frames = {name: trial.frames[name].head(ROWS) for name in ("AE", "DM", "LB")}
    members: dict[str, bytes] = {}
    for name, frame in frames.items():
        stem = name.lower()
        content = _by_file(lambda path, name=name, frame=frame: write_xpt(path, frame, layouts()[name]))  # type: ignore[misc]
        members[f"{stem}.xpt"] = content
        yield Seed("xpt", f"{stem}.xpt", content)
        yield Seed("xpt8", f"{stem}.xpt", _by_file(lambda path, frame=frame, name=name: _xpt8(path, frame, name)))  # type: ignore[misc]
        document = dataset_json(name, frame)
        yield Seed("dataset-json", f"{stem}.json", json.dumps(document, indent=1).encode())
        lines = ndjson(document)
        yield Seed("dataset-ndjson", f"{stem}.ndjson", lines)
        yield Seed("dataset-json-compressed", f"{stem}.dsjc", zlib.compress(lines))
        yield Seed("dataset-xml", f"{stem}.xml", dataset_xml(name, frame))
        for kind, separator in (("csv", ","), ("tsv", "\t")):
            members[f"{stem}.{kind}"] = frame.write_csv(separator=separator).encode()
            yield Seed(kind, f"{stem}.{kind}", members[f"{stem}.{kind}"])
        yield Seed("xlsx", f"{stem}.xlsx", xlsx(frame))
        yield Seed("parquet", f"{stem}.parquet", _by_file(lambda path, frame=frame: _parquet(path, frame)))  # type: ignore[misc]
    odd = pl.DataFrame({"USUBJID": ["S-1", "S-2"], "AETERM": ["Kopfschmerz, „stark“", "Übelkeit\nam Morgen"]})
    yield Seed("csv", "ae.csv", odd.write_csv().encode("cp1252"), "cp1252")
    yield Seed("csv", "ae.csv", _quoted(odd).encode("utf-16"), "utf-16")
    from simulation.define_xml import define_xml

    yield Seed("define", "define.xml", define_xml(frames))
    yield Seed("odm", "odm.xml", odm())
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        yield Seed("zip", "cut.zip", zip_of({f"data/{name}": content for name, content in members.items()}, method))


def _public(shared: Path) -> Iterator[Seed]:
    """Of the public trial data what is small enough to be read many thousand times."""
    places: tuple[tuple[str, str, Callable[[Path], bool]], ...] = (
        ("sas/*.sas7bdat", "sas7bdat", lambda _path: True),
        ("sas/*.xpt", "xpt", lambda path: "v8" not in path.name),
        ("sas/*_v8.xpt", "xpt8", lambda _path: True),
        ("cdiscpilot01/sdtm/*.xpt", "xpt", lambda _path: True),
        ("cdiscpilot01/*/define.xml", "define", lambda _path: True),
        ("dataset-json/*.json", "dataset-json", lambda path: "schema" not in path.name),
        ("dataset-json/*.ndjson", "dataset-ndjson", lambda _path: True),
        ("metabolic/*.csv", "csv", lambda _path: True),
        ("odm/odm-data-snapshot.xml", "odm", lambda _path: True),
    )
    for pattern, kind, wanted in places:
        for path in sorted(shared.glob(pattern)):
            content = path.read_bytes()
            if wanted(path) and len(content) <= LARGEST:
                yield Seed(kind, path.name, content, "cp1252" if kind.startswith("xpt") else "utf-8")


def _by_file(write: Callable[[Path], None]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seed"
        write(path)
        return path.read_bytes()


def _xpt8(path: Path, frame: pl.DataFrame, name: str) -> None:
    import pyreadstat

    filled = frame.with_columns(pl.col(pl.String).fill_null(""))
    labels = [f"A label of {column} that is longer than forty bytes are" for column in frame.columns]
    pyreadstat.write_xport(filled, str(path), table_name=name, column_labels=labels, file_format_version=8)


def _parquet(path: Path, frame: pl.DataFrame) -> None:
    from pyarrow import parquet

    parquet.write_table(frame.to_arrow(), path, compression="zstd", write_page_checksum=True)


def _quoted(frame: pl.DataFrame) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerows([frame.columns, *frame.rows()])
    return text.getvalue()


def dataset_json(name: str, frame: pl.DataFrame) -> dict[str, object]:
    """A Dataset-JSON 1.1 document."""
    types = {True: "double", False: "string"}
    return {
        "datasetJSONCreationDateTime": "2026-01-31T09:00:00",
        "datasetJSONVersion": "1.1.0",
        "itemGroupOID": f"IG.{name}",
        "records": frame.height,
        "name": name,
        "label": "A dataset",
        "columns": [
            {"itemOID": f"IT.{column}", "name": column, "label": column, "dataType": types[dtype.is_numeric()]}
            for column, dtype in frame.schema.items()
        ],
        "rows": [list(row) for row in frame.rows()],
    }


def ndjson(document: dict[str, object]) -> bytes:
    """The same line by line."""
    head = {name: value for name, value in document.items() if name != "rows"}
    rows = document["rows"]
    assert isinstance(rows, list)
    return "\n".join(json.dumps(line) for line in [head, *rows]).encode()


def dataset_xml(name: str, frame: pl.DataFrame) -> bytes:
    """Dataset-XML 1.0 without a define.xml."""
    from xml.sax.saxutils import quoteattr

    groups = []
    for number, row in enumerate(frame.rows(), 1):
        items = "".join(
            f"<ItemData ItemOID={quoteattr(f'IT.{name}.{column}')} Value={quoteattr(str(value))}/>"
            for column, value in zip(frame.columns, row, strict=True)
            if value is not None
        )
        group = f'<ItemGroupData ItemGroupOID="IG.{name}" data:ItemGroupDataSeq="{number}">{items}</ItemGroupData>\n'
        groups.append(group)
    head = ODM.format(kind='data:DatasetXMLVersion="1.0.0" ')
    return f'{head}<ClinicalData StudyOID="S" MetaDataVersionOID="M">\n{"".join(groups)}</ClinicalData></ODM>'.encode()


def odm() -> bytes:
    """ODM 1.3.2 clinical data of a few subjects."""
    subjects = "".join(
        f'<SubjectData SubjectKey="{number:03}"><StudyEventData StudyEventOID="SE.1"><FormData FormOID="F.1">'
        f'<ItemGroupData ItemGroupOID="IG.1" ItemGroupRepeatKey="1"><ItemData ItemOID="I.1" Value="{number * 3}"/>'
        "</ItemGroupData></FormData></StudyEventData></SubjectData>\n"
        for number in range(20)
    )
    head = ODM.format(kind="")
    return f'{head}<ClinicalData StudyOID="S" MetaDataVersionOID="M">\n{subjects}</ClinicalData></ODM>'.encode()


def xlsx(frame: pl.DataFrame) -> bytes:
    """One sheet with a header."""
    import xlsxwriter

    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        sheet = book.add_worksheet("Data")
        for number, row in enumerate([frame.columns, *frame.rows()]):
            sheet.write_row(number, 0, row)
    return content.getvalue()


def zip_of(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return content.getvalue()
