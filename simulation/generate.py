"""The whole trial in memory: cohort, datasets, truth, planted errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from simulation import (
    disposition,
    dosing,
    event_records,
    findings,
    followup,
    graft_claims,
    hypoglycaemia,
    labs,
    lots,
    medication,
)
from simulation.events import AdverseEvents, draw_events
from simulation.hypoglycaemia import ClinicalEvents, draw_clinical_events
from simulation.layout import layouts
from simulation.parameters import DEFAULT_SIZES, Design, Parameters
from simulation.planting import ErrorPlan, Planted, plant
from simulation.showcase import Showcase, script
from simulation.subjects import Cohort, make_cohort, observe
from simulation.trial_design import trial_design
from simulation.truth import Truth, make_truth


@dataclass(frozen=True)
class Trial:
    """A generated trial: `frames` by dataset name (with errors planted, if any), `truth`, and what was planted."""

    design: Design
    frames: dict[str, pl.DataFrame]
    truth: Truth
    planted: Planted


def generate(
    seed: int,
    subjects_per_arm: int | Mapping[str, int] | None = None,
    plan: ErrorPlan | str | None = None,
    *,
    showcase: bool | None = None,
    domains: Iterable[str] | None = None,
    parameters: Parameters | None = None,
) -> Trial:
    """A synthetic islet trial; the same arguments give the same frames.

    `subjects_per_arm`: treated subjects, one number for both arms or by arm code; default 12 FULL, 6 HALF. Screen
    failures (one for six treated) and randomised subjects who were not treated (one for eighteen) come on top. `plan`:
    errors to plant, an `ErrorPlan` or "none", "default", "all"; default none. `showcase`: script the cases of spec J;
    default only in the default size. `domains`: only these datasets. Raises StudyError LW-SIM-001 to -003 for a plan
    that cannot be met.
    """
    sizes = _sizes(subjects_per_arm)
    scripted = sizes == DEFAULT_SIZES if showcase is None else showcase
    design = Design(seed, sizes, scripted, parameters=parameters or Parameters())
    making = Making(design)
    wanted = list(layouts()) if domains is None else [name for name in layouts() if name in set(domains)]
    frames = {name: making.frame(name) for name in wanted}
    planted = plant(frames, ErrorPlan.of(plan), seed)
    return Trial(design, planted.frames, make_truth(making), planted)


def _sizes(given: int | Mapping[str, int] | None) -> dict[str, int]:
    if given is None:
        return dict(DEFAULT_SIZES)
    if isinstance(given, int):
        return dict.fromkeys(DEFAULT_SIZES, given)
    return {code: given[code] for code in DEFAULT_SIZES}


class Making:
    """One generation under way: each part is made when it is first asked for, from a random stream of its own."""

    def __init__(self, design: Design) -> None:
        self.design = design

    @cached_property
    def _cohort_and_showcase(self) -> tuple[Cohort, Showcase]:
        cohort = make_cohort(self.design)
        showcase = script(cohort) if self.design.showcase else Showcase()
        observe(cohort)
        return cohort, showcase

    @property
    def cohort(self) -> Cohort:
        """The subjects."""
        return self._cohort_and_showcase[0]

    @property
    def showcase(self) -> Showcase:
        """What is scripted."""
        return self._cohort_and_showcase[1]

    @cached_property
    def visits(self) -> followup.Visits:
        """Visits held and missed."""
        return followup.held_or_missed(self.cohort)

    @cached_property
    def infusions(self) -> tuple[lots.Infusions, lots.Lots]:
        """Infusions and the lots they were made of."""
        return lots.allocate_lots(self.cohort, self.showcase)

    @cached_property
    def clinical(self) -> ClinicalEvents:
        """Hypoglycaemia and graft loss."""
        return draw_clinical_events(self.cohort, self.showcase)

    @cached_property
    def events(self) -> AdverseEvents:
        """Adverse events."""
        return draw_events(self.cohort, self.showcase, self.clinical)

    @cached_property
    def _design_frames(self) -> dict[str, pl.DataFrame]:
        return trial_design(self.design.parameters)

    def frame(self, name: str) -> pl.DataFrame:
        """One dataset without errors."""
        makers: dict[str, Callable[[], pl.DataFrame]] = {
            "DM": lambda: disposition.dm_frame(
                self.cohort, dosing.first_treatment(self.cohort), dosing.last_treatment(self.cohort, self.infusions[0])
            ),
            "AE": lambda: event_records.ae_frame(self.cohort, self.events),
            "SUPPAE": lambda: event_records.suppae_frame(self.cohort, self.events),
            "EX": lambda: dosing.ex_frame(self.cohort, *self.infusions),
            "DS": lambda: disposition.ds_frame(self.cohort),
            "DD": lambda: disposition.dd_frame(self.cohort, self._fatal_terms()),
            "LB": lambda: labs.lb_frame(self.cohort, self.visits, self.events),
            "VS": lambda: findings.vs_frame(self.cohort, self.visits),
            "MH": lambda: findings.mh_frame(self.cohort),
            "CM": lambda: medication.cm_frame(self.cohort, self.events),
            "CE": lambda: hypoglycaemia.ce_frame(self.cohort, self.clinical),
            "FA": lambda: hypoglycaemia.fa_frame(self.cohort, self.clinical),
            "IS": lambda: findings.is_frame(self.cohort, self.visits),
            "SV": lambda: followup.sv_frame(self.cohort, self.visits),
            "PR": lambda: dosing.pr_frame(self.cohort, self.infusions[0]),
            "RELREC": lambda: hypoglycaemia.relrec_frame(self.frame("CE"), self.frame("FA")),
            "LOT": lambda: lots.lot_frame(self.cohort, self.infusions[1]),
            "LOTTEST": lambda: lots.lottest_frame(self.cohort, self.infusions[1]),
            "CONTACT": lambda: followup.contact_frame(self.cohort, self.visits),
            "LTFUPLAN": lambda: followup.ltfuplan_frame(self.design.parameters.years),
            "LTFU": lambda: graft_claims.ltfu_frame(self.cohort, self.visits),
            "INSFREE": lambda: graft_claims.insfree_frame(self.cohort),
            "IGLS": lambda: graft_claims.igls_frame(self.cohort, self.visits),
        }
        if name in makers:
            return makers[name]()
        return self._design_frames[name]

    def _fatal_terms(self) -> dict[int, str]:
        fatal = np.flatnonzero(self.events.grade == 5)
        return {int(self.events.subject[row]): self.events.pts[self.events.kind[row]] for row in fatal}
