"""The report templates that come with Longwatch."""

from __future__ import annotations

from importlib.resources import files

from longwatch.errors import StudyError
from longwatch.reports.template import ReportTemplate, parse_template

SUFFIX = ".yaml"


def list_templates() -> tuple[str, ...]:
    """The names of the templates, sorted."""
    here = files(__package__)
    return tuple(sorted(file.name.removesuffix(SUFFIX) for file in here.iterdir() if file.name.endswith(SUFFIX)))


def load_template(name: str) -> ReportTemplate:
    """The template of a name.

    Raises StudyError: LW-TPL-004 where there is none of that name; LW-TPL-001 and -002 as `parse_template`.
    """
    known = list_templates()
    if name not in known:
        raise StudyError(
            "LW-TPL-004",
            f"there is no report template {name}",
            where="reports",
            expected=f"one of {', '.join(known)}",
            found=name,
            next_step="correct the name in the study file or after --report",
        )
    file = files(__package__) / f"{name}{SUFFIX}"
    return parse_template(file.read_text(encoding="utf-8"), f"report_templates/{name}{SUFFIX}")
