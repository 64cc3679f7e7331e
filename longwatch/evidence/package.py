"""An evidence package: what is in it, the list that is signed, and the page that explains it in plain words."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass

from longwatch.evidence.registered import ReportRow
from longwatch.evidence.signature import SignatureRow

CONTENTS = "CONTENTS"
TITLE = "Longwatch evidence package 1"


@dataclass(frozen=True)
class PackedFile:
    """One file of a package: its name there, SHA-256, size."""

    name: str
    sha256: str
    size: int


def contents_text(report_key: str, made_at: str, files: Sequence[PackedFile]) -> str:
    """The list that is signed: title, report, moment, then a line a file. Names are JSON strings: each is one line."""
    lines = [TITLE, f"report {report_key}", f"made {made_at}"]
    lines += [
        f"{file.sha256} {file.size} {json.dumps(file.name)}" for file in sorted(files, key=lambda file: file.name)
    ]
    return "\n".join(lines) + "\n"


_PARTS = (
    ("report/report.pdf", "the report, byte for byte as it was archived"),
    ("report/results.csv, results.json, results.ars.json", "its numbers, each with where it comes from"),
    ("report/manifest.json", "all that it was made from, and the SHA-256 of each of its files"),
    ("study/study.json, template.json", "what of the study file the report uses, and its template"),
    ("inputs/manifest.json", "the raw files that it was made from, each with its SHA-256"),
    ("findings/findings.json", "what was wrong with the data in that run, and what persons said of it and when"),
    ("audit/events.ndjson", "what the audit trail says of this report, its run and its data"),
    ("audit/proofs.json, checkpoint.txt, key.txt", "that these events stand in the audit trail which was signed"),
    ("program/sbom.cdx.json", "the program's parts by name and version (CycloneDX)"),
    (
        "program/requirements.lock",
        "the same, each by hash; where it is, it is that of the program that made the report",
    ),
    ("CONTENTS", "every file with its SHA-256, signed"),
    ("verify.py", "checks all of this"),
)


def plain_page(row: ReportRow, key_line: str, with_inputs: bool, signatures: Sequence[SignatureRow] = ()) -> bytes:
    """The page that a person opens first."""
    facts = (
        ("Study", row.study_id),
        ("Report", f"{row.title} ({row.template})"),
        ("Data up to", row.cutoff.isoformat()),
        ("State", row.state.value),
        ("Archived", f"{row.archived_at:%Y-%m-%d %H:%M:%S} UTC by {row.archived_by}"),
        *(("Signed", signature.in_words()) for signature in signatures),
        ("Report key", row.key),
        ("SHA-256 of the PDF", row.pdf_sha256),
        ("Raw data", "in inputs/data/" if with_inputs else "not in this package; named by its SHA-256"),
        ("Signed by", key_line),
    )
    told = "".join(f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>\n" for name, value in facts)
    parts = "".join(f"<tr><th>{html.escape(name)}</th><td>{html.escape(what)}</td></tr>\n" for name, what in _PARTS)
    return _PAGE.replace("{facts}", told).replace("{parts}", parts).encode()


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Evidence package</title>
<style>
body {font: 16px/1.5 sans-serif; max-width: 50em; margin: 2em auto; padding: 0 1em}
th {text-align: left; vertical-align: top; padding-right: 1em; font-weight: normal; white-space: nowrap}
td {overflow-wrap: anywhere} code {background: #eee; padding: 0 .2em}
</style>
<h1>Evidence package</h1>
<table>
{facts}</table>
<h2>Check it yourself</h2>
<p>On any computer with Python 3.9 or later, without a network and without Longwatch: unpack this package, open a
terminal in its folder and run <code>python3 verify.py</code>. It says in words what it proved; where one byte of one
file was changed, it says so and names the file.</p>
<p>The signature proves that all of it comes from whoever holds the key named above. That this is whom you think, only
you can check: compare the line with one that you had on another way, and give it to the program:
<code>python3 verify.py --key "the line"</code>.</p>
<h2>What is in it</h2>
<table>
{parts}</table>
<p>Findings and raw data name subjects by their study id. Treat the package as you treat the trial's data.</p>
</html>
"""
