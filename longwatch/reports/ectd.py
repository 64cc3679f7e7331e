"""Where a report's files go in an eCTD submission, under which names, and what is refused.

Source: spec E.8 (ICH M8 Specification for Submission Formats for eCTD 1.2; FDA eCTD Technical Conformance Guide). Rules
on a file name: small letters, digits, hyphens; one ending; at most 64 characters; an underscore only in a SAS transport
file, whose name has at most 8 characters before `.xpt`. A path has at most 150 characters: FDA's limit, the stricter
one (ICH: 180). No date and no version in a name: the leaf's title says which cut-off, its operation which version.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from longwatch.errors import StudyError

MOST_NAME, MOST_PATH, MOST_TITLE = 64, 150, 255
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+")
_TRANSPORT = re.compile(r"[a-z][a-z0-9_]{0,7}\.xpt")
_FOLDER = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DATED = re.compile(r"(19|20)\d\d-?[01]\d-?[0-3]\d|(^|-)v\d+(-|\.)")

STUDY_REPORTS = "m5/53-clin-stud-rep/535-rep-effic-safety-stud/{indication}/5351-stud-rep-contr/{study}"
SDTM = "m5/datasets/{study}/tabulations/sdtm"
PLACES = {
    "safety_summary": STUDY_REPORTS,
    "dsur_tables": "m1/us/11314-dsur",
}
"""Where the report of a template goes. A user's own template is a study report."""


@dataclass(frozen=True)
class Leaf:
    """One file of a submission: its path below the sequence's folder, its title, how it comes (`new`), its bytes' MD5
    (which the eCTD's index asks for) and SHA-256, and the report it belongs to."""

    path: str
    title: str
    md5: str
    sha256: str
    size: int
    report_key: str
    state: str
    operation: str = "new"

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.rpartition("/")[2]


def as_folder(words: str) -> str:
    """Words as the name of a folder or file: `Type 1 diabetes` → `type-1-diabetes`. Empty where nothing is left."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def report_path(template: str, study_id: str, indication: str) -> str:
    """The path of a report's unsigned copy: `m5/…/islet-1/islet-1-safety-summary.pdf`."""
    study = as_folder(study_id)
    folder = PLACES.get(template, STUDY_REPORTS).format(indication=as_folder(indication), study=study)
    return f"{folder}/{study}-{as_folder(template)}.pdf"


def data_path(study_id: str, file: str) -> str:
    """The path of a file of tabulation data: `m5/datasets/islet-1/tabulations/sdtm/ae.xpt`."""
    return f"{SDTM.format(study=as_folder(study_id))}/{file.rpartition('/')[2].lower()}"


def faults_of_path(path: str) -> list[str]:
    """What breaks a rule in one path; empty where nothing does."""
    *folders, name = path.split("/")
    faults = []
    if not (_TRANSPORT if name.endswith(".xpt") else _NAME).fullmatch(name):
        allowed = "up to 8 small letters, digits and underscores before .xpt" if name.endswith(".xpt") else (
            "small letters, digits and hyphens, and one ending"
        )  # fmt: skip
        faults.append(f"the file name {name or '(none)'} is not made of {allowed}")
    if len(name) > MOST_NAME:
        faults.append(f"the file name has {len(name)} characters, more than {MOST_NAME}")
    if _DATED.search(name):
        faults.append(f"the file name {name} has a date or a version in it, which belong to the leaf's title")
    faults += [
        f"the folder {folder or '(none)'} is not made of small letters, digits and hyphens"
        for folder in folders
        if not _FOLDER.fullmatch(folder)
    ]
    if len(path) > MOST_PATH:
        faults.append(f"the path has {len(path)} characters, more than {MOST_PATH}")
    return faults


def check_leaves(leaves: Sequence[Leaf]) -> None:
    """Raise StudyError LW-STG-001 where a name, path or title breaks a rule, or two files have one path; all are
    told."""
    faults = [f"{leaf.path}: {fault}" for leaf in leaves for fault in faults_of_path(leaf.path)]
    faults += [
        f"{leaf.path}: the title has {len(leaf.title)} characters, not 1 to {MOST_TITLE}"
        for leaf in leaves
        if not 0 < len(leaf.title.strip()) <= MOST_TITLE
    ]
    paths = Counter(leaf.path for leaf in leaves)
    faults += [f"{path}: {count} files have this path" for path, count in paths.items() if count > 1]
    if faults:
        raise StudyError(
            "LW-STG-001",
            f"{len(faults)} rules of the eCTD would be broken: {'; '.join(faults)}",
            where="staging",
            next_step="give a shorter or plainer indication or study id; nothing was written",
        )
