"""The pool file: which studies are counted together, as which arms, and what is compared (docs/outputs.md)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, model_validator

from longwatch.standards.yaml_lines import DocumentKind, read_document
from longwatch.study.model import STUDY_ID, Arm
from longwatch.study.part import Part


class PooledStudy(Part):
    """One study: its study file, relative to the pool file. `snapshot`: of this one, else its data is pulled now.
    `cutoff`: over that of its study file. `arms`: by the code of an arm there, the code of the arm of the pool; arms
    that are not named are left out, with their subjects."""

    file: Annotated[str, Field(min_length=1)]
    arms: Annotated[dict[str, str], Field(min_length=1)]
    snapshot: str = ""
    cutoff: date | None = None


class PooledComparison(Part):
    """What is compared with the control arm within studies: a common risk difference with stratified
    Miettinen–Nurminen limits, the Cochran–Mantel–Haenszel test. `weights` of the studies: Mantel–Haenszel, or size."""

    control: str
    statistics: Annotated[tuple[Literal["risk_difference", "cmh"], ...], Field(min_length=1)] = ("risk_difference",)
    weights: Literal["mantel-haenszel", "size"] = "mantel-haenszel"


class Pool(Part):
    """A pool file. `repeated_subjects`: a USUBJID in two studies is one person (an extension study, a rollover):
    `refuse`, or count each study's participation (`per_study`), said in a footnote. `different_dictionaries`: why
    studies coded with different versions may be counted together, printed; without it they are refused."""

    longwatch_pool: Literal[1]
    id: Annotated[str, Field(min_length=1, max_length=64, pattern=STUDY_ID)]
    title: Annotated[str, Field(min_length=1)]
    studies: Annotated[tuple[PooledStudy, ...], Field(min_length=2)]
    arms: Annotated[tuple[Arm, ...], Field(min_length=1)]
    total_column: bool = True
    study_columns: bool = True
    comparison: PooledComparison | None = None
    repeated_subjects: Literal["refuse", "per_study"] = "refuse"
    different_dictionaries: str = ""

    @model_validator(mode="after")
    def check_arms(self) -> Pool:
        """Arms that are named are there, once."""
        codes, names = [arm.code for arm in self.arms], [arm.name for arm in self.arms]
        if len(set(codes)) != len(codes) or len(set(names)) != len(names) or "Total" in names:
            raise ValueError("arms: a code or name stands twice, or is Total")
        for study in self.studies:
            unknown = sorted(set(study.arms.values()) - set(codes))
            if unknown:
                raise ValueError(f"{study.file}: {', '.join(unknown)} is none of the arms {', '.join(codes)}")
        if self.comparison and self.comparison.control not in codes:
            raise ValueError(f"comparison.control {self.comparison.control!r} is none of the arms {', '.join(codes)}")
        return self


_POOL = TypeAdapter(Pool)
_KIND = DocumentKind(
    name="pool file",
    no_document="LW-POL-001",
    mistakes="LW-POL-002",
    outline="`longwatch_pool: 1`, `id:`, `title:`, `studies:`, `arms:`",
    start="docs/outputs.md shows a pool file",
    correct="correct each line",
)


def parse_pool(text: str, where: str) -> Pool:
    """The pool of a YAML text. `where` names the file in messages.

    Raises StudyError: LW-POL-001 where the text is no YAML mapping, LW-POL-002 naming every mistake with its line.
    """
    return read_document(text, where, _POOL, _KIND)
