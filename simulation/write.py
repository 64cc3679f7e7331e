"""The bundled study on disk."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from simulation import mockdra
from simulation.define_xml import define_xml
from simulation.generate import Trial, generate
from simulation.layout import layouts
from simulation.parameters import Parameters
from simulation.planting import Change, ErrorPlan, PlantedError
from simulation.study_file import DATA_FOLDER, DICTIONARY_FOLDER, study_file
from simulation.xpt import write_xpt


def write(
    folder: Path,
    seed: int = 1,
    subjects_per_arm: int | Mapping[str, int] | None = None,
    plan: ErrorPlan | str | None = "default",
    *,
    parameters: Parameters | None = None,
) -> Trial:
    """Generates the trial (arguments: `generate`) and writes it into a folder; the same arguments give the same bytes.

    `study.yaml`; `data/`: an XPT v5 file for each dataset and define.xml; `dictionary/`: MOCKDRA 1.0; `truth/`:
    parameters, subjects, adverse events, rates, incidences, planted errors and the changes made to plant them. Files of
    these names are written over.
    """
    trial = generate(seed, subjects_per_arm, plan, parameters=parameters)
    data = folder / DATA_FOLDER
    data.mkdir(parents=True, exist_ok=True)
    for name, frame in trial.frames.items():
        write_xpt(data / f"{name.lower()}.xpt", frame, layouts()[name])
    (data / "define.xml").write_bytes(define_xml(trial.frames))
    _put(folder / "study.yaml", study_file(trial.design.parameters))
    mockdra.write_dictionary(folder / DICTIONARY_FOLDER)
    _write_truth(folder / "truth", trial)
    return trial


def _write_truth(folder: Path, trial: Trial) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "subjects": trial.truth.subjects,
        "adverse_events": trial.truth.adverse_events,
        "rates": trial.truth.rates,
        "incidence": trial.truth.incidence,
    }
    for name, frame in tables.items():
        _put(folder / f"{name}.csv", _rounded(frame).write_csv())
    errors = [asdict(error) for error in trial.planted.errors]
    changes = [asdict(change) for change in trial.planted.changes]
    _put(folder / "planted_errors.csv", _csv(errors, PlantedError))
    _put(folder / "planted_errors.json", _json(errors))
    _put(folder / "planted_changes.csv", _csv(changes, Change))
    _put(folder / "parameters.json", _json(trial.truth.parameters))


def _rounded(frame: pl.DataFrame) -> pl.DataFrame:
    """Ten significant digits: the last bits of an exponential may differ between processors."""
    return frame.with_columns(pl.col(pl.Float64).round_sig_figs(10))


def _csv(rows: Iterable[dict[str, Any]], kind: type[PlantedError] | type[Change]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(kind)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
