"""The lists of terms of a study, read and found to fit its AESIs before any data is fetched."""

from __future__ import annotations

from longwatch.derive.aesi import add_aesi
from longwatch.standards.event_groups import EventGroups
from longwatch.study import Study
from operations.ports import Adapters


def read_event_lists(adapters: Adapters, study: Study, base: str) -> EventGroups:
    """The study's lists. `base`: the folder that relative paths of the study file start from.

    Raises StudyError LW-GRP-003 where an AESI names a list that is not there, and what reading the files raises.
    """
    groups = adapters.event_groups(study, base)
    add_aesi(groups, study.aesi)
    return groups
