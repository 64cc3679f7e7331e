"""The rules of a study: those that Longwatch brings and the study's own, as they are in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longwatch.findings.inputs import RuleInputs
from longwatch.findings.rulebook import RuleInForce, rules_in_force

if TYPE_CHECKING:
    from longwatch.study import Study
    from operations.ports import Adapters


def read_rules(adapters: Adapters, study: Study, base: str) -> tuple[tuple[RuleInForce, ...], RuleInputs]:
    """Every rule as it is in force, and what rules are judged with; read before any data is fetched, so that a mistake
    is told at once. `base`: the folder that relative paths of the study file start from.

    Raises StudyError LW-RUL-001, LW-DIC-001 and LW-DIC-002 (files), LW-VAL-001 to LW-VAL-003 and LW-VAL-006 (what
    they or the study file say).
    """
    inputs = adapters.rule_inputs(study, base)
    return rules_in_force(adapters.rules(inputs), study), inputs


def own_rules(adapters: Adapters) -> tuple[RuleInForce, ...]:
    """The rules that Longwatch brings, as they are in force where no study changes them."""
    return tuple(
        RuleInForce(
            rule, rule.severity, parameters={name: parameter.values for name, parameter in rule.parameters.items()}
        )
        for rule in adapters.rules(RuleInputs())
    )
