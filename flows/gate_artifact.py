"""The data gate in Prefect's own pages: rules, severities and counts, never a patient's value."""

from __future__ import annotations

import re

from prefect.artifacts import create_markdown_artifact

from longwatch.findings.notice import Notice


def show_gate(notice: Notice) -> None:
    """An artifact of the flow run, one series for each study; a failed gate shows with what stops it."""
    study = re.sub("[^a-z0-9]+", "-", notice.study_id.lower()).strip("-") or "study"
    create_markdown_artifact(notice.as_markdown(), key=f"data-gate-{study}", description=notice.subject)
