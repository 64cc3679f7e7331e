"""Reports beside the safety summary by the ordinary command on ISLET-1, and what late data does to the next one."""

from __future__ import annotations

import json
from pathlib import Path

import pikepdf
import pytest

pytestmark = pytest.mark.xdist_group("e2e")
REPORTS = {
    "annual_follow_up": "LTF01", "graft_durability": "LTF10", "lot_traceability": "LOTL01", "listing_16_2_7": "AEL02",
    "listing_16_2_8": "LBL01",
}  # fmt: skip
DIED = "ISLET-1-101-011"


def reports(said) -> dict[str, dict[str, str]]:  # type: ignore[no-untyped-def]
    assert said.code == 0, said.err
    return {item["template"]: item for item in json.loads(said.out)["reports"]}


def test_the_reports_and_the_package_on_one_subject(longwatch, islet1: Path, home: Path) -> None:  # type: ignore[no-untyped-def]
    """Each is archived with its numbers; the package is about the subject, and another subject's is another report."""
    asked = [word for name in (*REPORTS, "death_package") for word in ("--report", name)]
    found = reports(longwatch("run", islet1 / "study.yaml", *asked, "--subject", DIED, "--json"))
    assert set(found) == {*REPORTS, "death_package"}
    for name, code in {**REPORTS, "death_package": "NARR01"}.items():
        pdf = Path(found[name]["pdf"])
        with pikepdf.open(pdf) as opened:
            assert len(opened.pages) > 5
        assert f"\n{code}," in (pdf.parent / "results.csv").read_text()
    package = Path(found["death_package"]["pdf"]).parent
    assert DIED in (package / "results.json").read_text()
    assert json.loads((package / "manifest.json").read_text())["identity"]["parameters"] == {"subject": DIED}
    again = reports(longwatch("run", islet1 / "study.yaml", "--report", "death_package", "--subject", DIED, "--json"))
    assert again["death_package"]["already_archived"] is True


def test_a_package_names_its_subject_or_is_refused(longwatch, islet1: Path) -> None:  # type: ignore[no-untyped-def]
    for words, error_id in (
        (("--report", "death_package"), "LW-TPL-005"),
        (("--report", "annual_follow_up", "--subject", DIED), "LW-TPL-005"),
    ):
        said = longwatch("run", islet1 / "study.yaml", *words, "--direct")
        assert said.code == 2
        assert said.err.startswith(error_id)
