"""Where a finding's subject is treated: whom to ask."""

from __future__ import annotations

from longwatch.findings.identity import SUBJECT, as_text
from longwatch.standards.dataset import SourceData

SITE = "SITEID"


def sites_of(data: SourceData) -> dict[str, str]:
    """DM.SITEID by USUBJID; a subject without one, or with several, is left out. Source: SDTMIG, DM."""
    if "DM" not in data:
        return {}
    schema = data.frame("DM").collect_schema()
    if not {SUBJECT, SITE} <= set(schema):
        return {}
    places = data.frame("DM").select(as_text(name, schema[name]) for name in (SUBJECT, SITE)).drop_nulls().unique()
    found: dict[str, set[str]] = {}
    for subject, site in places.collect().iter_rows():
        found.setdefault(subject, set()).add(site)
    return {subject: sites.pop() for subject, sites in found.items() if len(sites) == 1}
