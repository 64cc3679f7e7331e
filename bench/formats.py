"""A large AE file of each format to a frozen snapshot, beside the bare reader: docs/bench-formats.md.

Each measurement is a process of its own, so that the peak of memory is its own: the parent's and its children's
together. Bare is the read by the library at hand into memory and the write of it as Parquet.
LONGWATCH_BENCH_ROWS changes the number of records (for a first try).
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import polars as pl
import psutil

from bench.watched import ROOT, watched

ROWS = int(os.environ.get("LONGWATCH_BENCH_ROWS", "1000000"))
FORMATS = ("xpt", "json", "ndjson", "csv", "parquet")
BARE = {
    "xpt": "polars_readstat", "json": "orjson", "ndjson": "orjson", "csv": "polars", "parquet": "polars",
    "sas7bdat": "pyreadstat",
}  # fmt: skip
HEAD = """# Formats, measured

By `python -m bench formats`, on {cores} cores. Each file to a frozen snapshot (raw bytes copied, hashed and flushed;
every value checked; typed copy written, flushed and hashed), beside the bare read into memory and the bare Parquet
write. Ratios (snapshot to read and write) travel, seconds do not. Start is that of the children that read, once for
all files of a pull: it is not in the snapshot's seconds, as the imports of the bare reader are not in its own. CPU is
processor time of the parent and its children, which tells more than the clock does where other programs run beside.
Peak is resident memory of the parent and its children together, what they share counted once.

| file | records | start | snapshot | CPU | reader | read | write | bare CPU | ratio | CPU ratio | peak | bare peak |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
"""


def write_files(folder: Path, rows: int) -> None:
    """The same adverse events in each format."""
    import orjson

    from simulation.large import write_large
    from simulation.layout import layouts
    from simulation.xpt import write_xpt
    from tools.fuzz.seeds import dataset_json

    part = folder / "part"
    write_large(part, max(100, rows // 40), domains=("AE",))
    frame = pl.read_parquet(part / "ae.parquet")
    frame = pl.concat([frame] * -(-rows // frame.height)).head(rows)
    write_xpt(folder / "ae.xpt", frame, layouts()["AE"])
    frame.write_csv(folder / "ae.csv")
    frame.write_parquet(folder / "ae.parquet", compression="zstd")
    head = dataset_json("AE", frame.head(0)) | {"records": frame.height}
    del head["rows"]
    with (folder / "ae.json").open("wb") as whole, (folder / "ae.ndjson").open("wb") as lines:
        lines.write(orjson.dumps(head))
        whole.write(orjson.dumps(head)[:-1] + b',"rows":[')
        for number, row in enumerate(frame.iter_rows()):
            packed = orjson.dumps(row)
            whole.write(b"," * bool(number) + packed)
            lines.write(b"\n" + packed)
        whole.write(b"]}")


def ours(path: Path, folder: Path) -> dict[str, float]:
    """Freeze it."""
    from connectors.snapshot_store import FolderSnapshotStore
    from longwatch.study import SourceSpec

    store = FolderSnapshotStore(folder / "store")
    begun = time.perf_counter()
    store.prepare()
    with ExitStack() as lent:
        # Every child answers once: from here on they are warm.
        for child in [lent.enter_context(store.children.lent()) for _ in range(store.children.limits.children)]:
            list(child.work("start", 0, int, ()))
    start, spent = time.perf_counter(), _processor_seconds()
    snapshot = store.freeze([SourceSpec(path=str(path))], "/", lambda _message: None)
    seconds = time.perf_counter() - start
    return {
        "start": start - begun,
        "seconds": seconds,
        "cpu": _processor_seconds() - spent,
        "rows": snapshot.rows,
    }


def _processor_seconds() -> float:
    """Of this process and its living children."""
    own = psutil.Process()
    return sum(sum(each.cpu_times()[:2]) for each in (own, *own.children()))


def bare(path: Path, folder: Path) -> dict[str, float]:
    """Read it with the library at hand, and write Parquet."""
    for library in ("polars_readstat", "pyreadstat", "orjson"):
        importlib.import_module(library)
    start, spent = time.perf_counter(), _processor_seconds()
    frame = _bare_read(path)
    read = time.perf_counter()
    frame.write_parquet(folder / "bare.parquet", compression="zstd")
    done = time.perf_counter()
    return {"read": read - start, "write": done - read, "cpu": _processor_seconds() - spent, "rows": frame.height}


def _bare_read(path: Path) -> pl.DataFrame:
    import orjson

    if path.suffix == ".xpt":
        import polars_readstat

        return pl.DataFrame(polars_readstat.scan_readstat(str(path), preserve_order=True).collect())
    if path.suffix == ".sas7bdat":
        import pyreadstat

        return pl.DataFrame(pl.from_pandas(pyreadstat.read_sas7bdat(str(path))[0]))
    if path.suffix == ".json":
        return pl.DataFrame(orjson.loads(path.read_bytes())["rows"], orient="row", infer_schema_length=None)
    if path.suffix == ".ndjson":
        rows = [orjson.loads(line) for line in path.read_bytes().splitlines()[1:]]
        return pl.DataFrame(rows, orient="row", infer_schema_length=None)
    return pl.read_csv(path, infer_schema=False) if path.suffix == ".csv" else pl.read_parquet(path)


def measured(what: Callable[[Path, Path], dict[str, float]], path: Path) -> dict[str, float]:
    """The result of a measurement in a process of its own, with its peak of memory."""
    result, peak = watched(["-m", "bench.formats", what.__name__, str(path)])
    return result | {"peak": peak}


def line(path: Path) -> str:
    """One file."""
    mine, floor = measured(ours, path), measured(bare, path)
    both = floor["read"] + floor["write"]
    sys.stderr.write(f"{path.name}: {mine['seconds']:.2f} s, bare {both:.2f} s\n")
    size = path.stat().st_size / 1024**2
    return (
        f"| {path.suffix} ({size:,.1f} MB) | {mine['rows']:,.0f} | {mine['start']:.2f} s | "
        f"**{mine['seconds']:.2f} s** | {mine['cpu']:.2f} s | {BARE[path.suffix[1:]]} | "
        f"{floor['read']:.2f} s | {floor['write']:.2f} s | {floor['cpu']:.2f} s | "
        f"{mine['seconds'] / both:.2f} × | {_ratio(mine['cpu'], floor['cpu'])} | "
        f"{mine['peak']:,.0f} MB | {floor['peak']:,.0f} MB |\n"
    )


def _ratio(mine: float, floor: float) -> str:
    """The system counts processor time in hundredths of a second: of a small file there is nothing to divide by."""
    return f"{mine / floor:.2f} ×" if floor >= 0.05 else "–"


def main() -> None:
    """Measure at a quarter of the records and at all of them: memory must not grow with them."""
    text = HEAD.format(cores=os.cpu_count())
    for rows in (ROWS // 4, ROWS):
        with tempfile.TemporaryDirectory() as folder:
            write_files(Path(folder), rows)
            for ending in FORMATS:
                text += line(Path(folder) / f"ae.{ending}")
    largest = max(
        (ROOT.parent / "shared" / "data" / "sas").glob("*.sas7bdat"), key=lambda path: path.stat().st_size, default=None
    )
    if largest is not None:
        text += line(largest)
    text += "\nThere is no writer of SAS7BDAT here: its line is the largest published file at hand, which is small.\n"
    (ROOT / "docs" / "bench-formats.md").write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as own:
        works = {"ours": ours, "bare": bare}
        sys.stdout.write(json.dumps(works[sys.argv[1]](Path(sys.argv[2]), Path(own))))
