"""Snapshot ids and report keys: what enters them, and what must not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from longwatch.errors import IntegrityError
from longwatch.evidence.manifest import make_manifest, read_manifest
from longwatch.evidence.report_key import Engine, ReportIdentity, compute_findings_digest
from longwatch.evidence.snapshot import FileDataset, SourceFile, SourceSnapshot, compute_snapshot_id
from longwatch.findings.finding import Finding, RuleResult, RuleStatus, Severity, ValidationOutcome
from longwatch.standards.hashing import canonical_json, sha256_of_bytes

IDENTITY = ReportIdentity(
    study_content={"id": "ISLET-1"},
    snapshot_id="a" * 64,
    reading=(("dm.xpt", "DM", "utf-8"),),
    cutoff=date(2025, 6, 30),
    as_of=date(2025, 6, 30),
    template={"id": "safety_summary", "version": 1},
    parameters={},
    ruleset_version="b" * 64,
    dictionaries={"meddra": "MOCKDRA 1.0"},
    findings_digest="c" * 64,
    engine=Engine("0.1.0", "d" * 64, "3.11", "1.3.1", "e" * 64),
)
SNAPSHOT = SourceSnapshot("a" * 64, (SourceFile("dm.xpt", "e" * 64, 80, "xpt", (FileDataset("DM", 1),)),))


def finding(**changes: object) -> Finding:
    base = Finding("f" * 64, "SR01", 1, Severity.ERROR, "AE", "no criterion", "query", "S-1", {"USUBJID": "S-1"})
    return replace(base, **changes)  # type: ignore[arg-type]


def outcome(*findings: Finding, seconds: float = 1.0) -> ValidationOutcome:
    result = RuleResult("SR01", 1, "t", Severity.ERROR, RuleStatus.FAIL, len(findings), 5, seconds=seconds)
    return ValidationOutcome((result,), findings, "b" * 64)


def test_snapshot_id_does_not_know_order() -> None:
    files = [("dm.xpt", "1" * 64), ("ae.xpt", "2" * 64)]
    assert compute_snapshot_id(files) == compute_snapshot_id(reversed(files))


@pytest.mark.parametrize(
    "files",
    [
        [("dm.xpt", "1" * 64)],
        [("dm.xpt", "3" * 64), ("ae.xpt", "2" * 64)],
        [("dm2.xpt", "1" * 64), ("ae.xpt", "2" * 64)],
    ],
)
def test_another_file_name_or_byte_is_another_snapshot(files: list[tuple[str, str]]) -> None:
    assert compute_snapshot_id(files) != compute_snapshot_id([("dm.xpt", "1" * 64), ("ae.xpt", "2" * 64)])


def test_snapshot_id_is_the_documented_hash() -> None:
    """The canonical form is JSON without white space: anyone can compute the id with a shell."""
    expected = sha256_of_bytes(b'[["ae.xpt","22"],["dm.xpt","11"]]')
    assert compute_snapshot_id([("dm.xpt", "11"), ("ae.xpt", "22")]) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"study_content": {"id": "ISLET-2"}},
        {"snapshot_id": "0" * 64},
        {"reading": (("dm.xpt", "DM", "cp1252"),)},
        {"cutoff": date(2025, 7, 1)},
        {"as_of": date(2025, 7, 1)},
        {"template": {"id": "safety_summary", "version": 2}},
        {"parameters": {"threshold": 5}},
        {"ruleset_version": "0" * 64},
        {"dictionaries": {"meddra": "MOCKDRA 2.0"}},
        {"findings_digest": "0" * 64},
        {"engine": Engine("0.1.1", "d" * 64, "3.11", "1.3.1", "e" * 64)},
        {"engine": Engine("0.1.0", "0" * 64, "3.11", "1.3.1", "e" * 64)},
        {"engine": Engine("0.1.0", "d" * 64, "3.12", "1.3.1", "e" * 64)},
        {"engine": Engine("0.1.0", "d" * 64, "3.11", "1.2.11", "e" * 64)},
        {"engine": Engine("0.1.0", "d" * 64, "3.11", "1.3.1", "0" * 64)},
    ],
)
def test_each_thing_a_report_depends_on_changes_its_key(change: dict[str, object]) -> None:
    assert replace(IDENTITY, **change).key != IDENTITY.key  # type: ignore[arg-type]


def test_findings_digest_knows_content_not_order_or_speed() -> None:
    first, second = finding(), finding(fingerprint="0" * 64, subject="S-2")
    assert compute_findings_digest(outcome(first, second)) == compute_findings_digest(outcome(second, first, seconds=9))
    assert compute_findings_digest(outcome(first)) != compute_findings_digest(outcome())
    assert compute_findings_digest(outcome(first)) != compute_findings_digest(outcome(finding(values={"AESER": "N"})))


def test_manifest_reads_back_and_names_every_file() -> None:
    files = {"report.pdf": (b"%PDF", "application/pdf"), "results.csv": (b"a", "text/csv")}
    content = make_manifest(
        IDENTITY, study_id="ISLET-1", title="Safety", state="archived-draft", snapshot=SNAPSHOT, files=files
    )
    manifest = read_manifest(content, "manifest.json")
    assert manifest.report_key == IDENTITY.key
    assert [(file.name, file.sha256) for file in manifest.files] == [
        ("report.pdf", sha256_of_bytes(b"%PDF")),
        ("results.csv", sha256_of_bytes(b"a")),
    ]


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"manifest_version": 1}'])
def test_what_is_no_manifest_is_an_integrity_failure(content: bytes) -> None:
    with pytest.raises(IntegrityError, match="LW-EVI-001"):
        read_manifest(content, "manifest.json")


def test_canonical_form_is_the_same_whatever_the_order() -> None:
    assert canonical_json({"b": 1, "a": [date(2025, 1, 2), {3, 1}]}) == b'{"a":["2025-01-02",[1,3]],"b":1}'


def test_what_has_no_canonical_form_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        canonical_json({"a": object()})
