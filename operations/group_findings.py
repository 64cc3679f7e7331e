"""Root-cause groups of a study's findings, and the adapters' answer to which group a finding is in."""

from __future__ import annotations

from collections.abc import Sequence

from longwatch.findings.groups import FindingGroup, group_findings
from longwatch.findings.life import KnownFinding
from longwatch.findings.selection import FindingFilter
from operations.finding_acts import findings_of
from operations.ports import Adapters


def findings_meant(adapters: Adapters, study_id: str, wanted: FindingFilter) -> list[KnownFinding]:
    """The findings of a study that a filter means, groups among its filters too; see `findings_of`."""
    if not wanted.groups:
        return findings_of(adapters, study_id, wanted)
    _, group_of = findings_and_groups(adapters, study_id)
    return findings_of(adapters, study_id, wanted, lambda finding: group_of.get(finding.fingerprint, ""))


def findings_and_groups(adapters: Adapters, study_id: str) -> tuple[list[KnownFinding], dict[str, str]]:
    """All findings of a study, and the group id of each by fingerprint.

    Groups are made of all of them, whatever a filter means afterwards: so a finding that follows from another is in
    its group also where the other is filtered out.
    """
    known = findings_of(adapters, study_id)
    groups = make_groups(known)
    return known, {finding.fingerprint: group.id for group in groups for finding in group.findings}


def make_groups(known: Sequence[KnownFinding]) -> tuple[FindingGroup, ...]:
    """The groups of findings, with the sites that their subjects have."""
    sites = {item.finding.subject: item.site for item in known if item.finding.subject and item.site}
    return group_findings((item.finding for item in known), sites)
