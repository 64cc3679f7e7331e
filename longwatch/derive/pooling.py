"""Studies counted together: their analysis datasets as one, the study kept in STUDYID (spec J).

Each study is derived by itself, by its own study file, snapshot and cut-off; only what came out is put together. So no
event is judged by another study's first dose. A variable of events that one of the studies does not collect is left
out: its zero would be another study's, and tables print NA.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from longwatch.derive.adae import ANALYSED
from longwatch.derive.carried import AdverseEvents
from longwatch.derive.coded import Subjects, code_text
from longwatch.derive.datasets import AnalysisDatasets
from longwatch.derive.treatment import NOT_ASSIGNED
from longwatch.errors import StudyError
from longwatch.standards.dataset import SourceData
from longwatch.standards.event_groups import NO_GROUPS
from longwatch.study import Study
from longwatch.study.graft import Engraftment
from longwatch.study.model import Relatedness
from longwatch.study.pool import Pool

ARM_VARIABLES = ("TRT01P", "TRT01A")


@dataclass(frozen=True)
class PooledPart:
    """One study of a pool: its datasets, and by the heading of its arm the heading of the pool's."""

    datasets: AnalysisDatasets
    headings: Mapping[str, str]

    @property
    def id(self) -> str:
        """STUDYID."""
        return self.datasets.study.id


@dataclass(frozen=True)
class Pooled:
    """A pool ready to be counted: `datasets` and the `study` file that stands for all, and what footnotes must say.
    `has_repeated_subjects`: a USUBJID stands in two studies, and each participation is a subject of its own."""

    datasets: AnalysisDatasets
    study: Study
    studies: tuple[str, ...]
    notes: tuple[str, ...]
    has_repeated_subjects: bool = False


def make_part(pool: Pool, number: int, datasets: AnalysisDatasets) -> PooledPart:
    """A study of the pool with its arms. Raises StudyError LW-POL-003 where the pool names an arm that it has not."""
    heading = {arm.code: arm.name for arm in pool.arms}
    named = {arm.code: arm.name for arm in datasets.study.treatment.arms}
    asked = pool.studies[number].arms
    unknown = sorted(set(asked) - set(named))
    if unknown:
        raise StudyError(
            "LW-POL-003",
            f"{datasets.study.id} has no arm {', '.join(unknown)}",
            where=f"pool file, {pool.studies[number].file}",
            expected=f"codes of its study file: {', '.join(named)}",
            found=", ".join(unknown),
            next_step="correct `arms:` of this study",
        )
    return PooledPart(datasets, {named[code]: heading[to] for code, to in asked.items()})


def pool_studies(pool: Pool, parts: Sequence[PooledPart]) -> Pooled:
    """The studies as one. ADSL and ADAE hold the subjects of the arms that the pool names, study by study.

    Raises StudyError: LW-POL-004, two studies have one id; LW-POL-005, they cannot be counted together (another basis
    of treatment or rule of emergence, a value of AEREL that one calls related and another not, dictionaries of
    different versions without a reason); LW-POL-006, a USUBJID stands in two of them, and the pool does not say what
    then.
    """
    ids = [part.id for part in parts]
    if len(set(ids)) != len(ids):
        twice = next(each for each in ids if ids.count(each) > 1)
        raise _refused("LW-POL-004", f"two studies of the pool are {twice}", "name each study once")
    notes = _check_together(pool, parts)
    names = [arm.name for arm in pool.arms]
    frames = [_of_study(part, names) for part in parts]
    repeated = _find_repeated([adsl for adsl, _ in frames])
    if repeated and pool.repeated_subjects == "refuse":
        raise _refused(
            "LW-POL-006",
            f"{len(repeated):,} subjects stand in two studies, first {repeated[0]}",
            "a USUBJID is one person: leave a study out, or count each participation (repeated_subjects: per_study)",
        )
    if repeated:
        notes.append(f"{len(repeated):,} subjects took part in several of the studies and are counted in each of them.")
    adsl, adae = (pl.concat([pair[place] for pair in frames], how="diagonal_relaxed") for place in (0, 1))
    if repeated:
        own = pl.concat_str("STUDYID", pl.lit(": "), "USUBJID")
        adsl, adae = adsl.with_columns(USUBJID=own), adae.with_columns(USUBJID=own)
    if "GRAFTFL" in adsl.columns and _engraftment(parts) is None:
        adsl = adsl.drop("GRAFTFL")
        notes.append("Engraftment (GRAFTFL) is not defined alike in every study, and therefore not counted.")
    adae, lacking = _drop_not_everywhere(parts, adae)
    if lacking:
        notes.append(f"Not collected in every study, and therefore not counted: {', '.join(lacking)}.")
    study, datasets = _as_study(pool, parts), _as_datasets(parts, adsl, adae, names)
    if not _same_lists(parts):
        notes.append("Lists of terms (event_groups, aesi) differ between the studies and are not used.")
        study, datasets = study.model_copy(update={"aesi": ()}), replace(datasets, groups=NO_GROUPS)
    return Pooled(replace(datasets, study=study), study, tuple(ids), tuple(notes), bool(repeated))


def _of_study(part: PooledPart, names: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """ADSL and ADAE of the subjects on the pool's arms, text as text."""
    datasets = part.datasets
    headings = {**part.headings, NOT_ASSIGNED: NOT_ASSIGNED}
    text = pl.col(pl.Enum, pl.Categorical).cast(pl.String)
    named = [
        pl.col(name).cast(pl.String).replace_strict(headings, default=None, return_dtype=pl.String).alias(name)
        for name in ARM_VARIABLES
    ]
    adsl = datasets.adsl.with_columns(text).with_columns(*named, STUDYID=pl.lit(part.id))
    adsl = adsl.filter(pl.any_horizontal(pl.col(*ARM_VARIABLES).is_not_null()))
    adae = datasets.adae.with_columns(text).with_columns(*named, STUDYID=pl.lit(part.id))
    return adsl, adae.join(adsl.select("USUBJID"), on="USUBJID", how="semi", maintain_order="left")


def _same_lists(parts: Sequence[PooledPart]) -> bool:
    first = parts[0].datasets
    return all(
        (part.datasets.groups.digest, part.datasets.study.aesi) == (first.groups.digest, first.study.aesi)
        for part in parts
    )


def _find_repeated(frames: Sequence[pl.DataFrame]) -> list[str]:
    names = pl.concat([frame.select("USUBJID") for frame in frames])["USUBJID"]
    return sorted(names.filter(names.is_duplicated()).unique())


def _drop_not_everywhere(parts: Sequence[PooledPart], adae: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Events without what one of the studies with events does not collect; the names of what some do."""
    lacking = []
    for name in (*ANALYSED, "AREL"):
        collected = [
            name in part.datasets.adae.columns and part.datasets.adae[name].null_count() < part.datasets.adae.height
            for part in parts
            if part.datasets.adae.height
        ]
        if not all(collected) and name in adae.columns:
            adae = adae.drop(name)
            lacking += [name] if any(collected) else []
    return adae, lacking


def _as_datasets(
    parts: Sequence[PooledPart], adsl: pl.DataFrame, adae: pl.DataFrame, names: Sequence[str]
) -> AnalysisDatasets:
    subjects = Subjects.of(adsl["USUBJID"])
    adsl = adsl[subjects.places_of(adsl["USUBJID"]).argsort()]
    of_event = subjects.places_of(adae["USUBJID"])
    headings = pl.Enum([*names, NOT_ASSIGNED])

    def coded(frame: pl.DataFrame, keys: pl.Series) -> pl.DataFrame:
        arms = [frame[name].cast(headings) for name in ARM_VARIABLES]
        return code_text(frame.drop("USUBJID", *ARM_VARIABLES)).with_columns(keys, *arms)

    first = parts[0].datasets
    unmapped = tuple(dict.fromkeys(value for part in parts for value in part.datasets.unmapped_relatedness))
    ends = ", ".join(f"{part.id} {part.datasets.cutoff.isoformat()}" for part in parts)
    return replace(
        first,
        adsl=coded(adsl, subjects.keys),
        events=AdverseEvents.of(coded(adae, subjects.keys.gather(of_event)), unmapped),
        cutoff=max(part.datasets.cutoff for part in parts),
        cutoffs=f"each study ({ends})",
        subjects=subjects,
        data=SourceData(),
        pooled=tuple(trial for part in parts for trial in part.datasets.trials),
    )


def _as_study(pool: Pool, parts: Sequence[PooledPart]) -> Study:
    """A study file that stands for all: arms of the pool, no comparison (`tables.pooled` compares within studies)."""
    first = parts[0].datasets.study
    related, not_related = _mappings(parts)
    return first.model_copy(
        update={
            "study": first.study.model_copy(update={"id": pool.id, "title": pool.title}),
            "treatment": first.treatment.model_copy(
                update={"arms": pool.arms, "total_column": pool.total_column, "not_treated": ()}
            ),
            "comparison": None,
            "graft": first.graft.model_copy(update={"engraftment": _engraftment(parts)}),
            "relatedness": Relatedness(
                related=related,
                not_related=not_related,
                missing_is_related=first.relatedness.missing_is_related,
            ),
        }
    )


def _engraftment(parts: Sequence[PooledPart]) -> Engraftment | None:
    """What engraftment is, where every study says the same."""
    wanted = [part.datasets.study.graft.engraftment for part in parts]
    return wanted[0] if all(item == wanted[0] for item in wanted) else None


def _mappings(parts: Sequence[PooledPart]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    mappings = [part.datasets.study.relatedness for part in parts]
    return (
        tuple(dict.fromkeys(value for each in mappings for value in each.related)),
        tuple(dict.fromkeys(value for each in mappings for value in each.not_related)),
    )


def _check_together(pool: Pool, parts: Sequence[PooledPart]) -> list[str]:
    """Refuse what cannot be counted together; the notes on what may."""
    studies = [part.datasets.study for part in parts]

    def differ(what: str, values: Sequence[object]) -> None:
        if len(set(map(str, values))) > 1:
            said = ", ".join(f"{study.id}: {value}" for study, value in zip(studies, values, strict=True))
            raise _refused("LW-POL-005", f"the studies differ in {what} ({said})", "pool studies that agree in it")

    differ("treatment.basis", [study.treatment.basis for study in studies])
    differ("treatment_emergence.reference", [study.treatment_emergence.reference for study in studies])
    periprocedural = [study.treatment_emergence.periprocedural_days for study in studies]
    differ("treatment_emergence.periprocedural_days", periprocedural)
    differ("relatedness.missing_is_related", [study.relatedness.missing_is_related for study in studies])
    related, not_related = _mappings(parts)
    both = sorted(set(related) & set(not_related))
    if both:
        raise _refused(
            "LW-POL-005",
            f"{', '.join(both)} is related in one study and not in another",
            "agree on one mapping of AEREL (relatedness) in the study files",
        )
    notes = []
    for name, values in (
        ("MedDRA", [study.dictionaries.meddra_name or "not stated" for study in studies]),
        ("CTCAE", [study.dictionaries.ctcae or "not stated" for study in studies]),
    ):
        if len(set(values)) == 1:
            continue
        said = ", ".join(f"{study.id}: {value}" for study, value in zip(studies, values, strict=True))
        if not pool.different_dictionaries:
            raise _refused(
                "LW-POL-005",
                f"the studies are coded with different versions of {name} ({said})",
                "code them with one version, or state why they may be pooled (different_dictionaries)",
            )
        notes.append(f"{name} versions differ ({said}); pooled because: {pool.different_dictionaries}")
    return notes


def _refused(error_id: str, what: str, next_step: str) -> StudyError:
    return StudyError(error_id, what, where="pool file", next_step=next_step)
