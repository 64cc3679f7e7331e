"""What rules are judged with beside the data: the study's own rules, and the dictionary that it names."""

from __future__ import annotations

from dataclasses import dataclass

from longwatch.findings.rule import Rule
from longwatch.standards.meddra import Meddra


@dataclass(frozen=True)
class RuleInputs:
    """`own_rules`: of the study's rule files, in their order. `dictionary`: None where the study names no folder."""

    own_rules: tuple[Rule, ...] = ()
    dictionary: Meddra | None = None
