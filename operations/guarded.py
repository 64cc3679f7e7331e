"""The guard between operations and what they use: each call needs a right, and what no rule names is refused.

One literal table for each of the three ports that hold study data (registers, snapshots, archive). So an operation that
forgets to ask is refused all the same, whoever calls it: command line, flow or page. Reads of many studies give those
that the account may see. Open registers (`operations.access`) are not guarded.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from longwatch.errors import AccessError
from longwatch.evidence.accounts import RIGHTS, Right
from longwatch.evidence.registered import ReportFilter
from longwatch.evidence.signature import STEPS
from longwatch.findings.states import Act

if TYPE_CHECKING:
    from operations.access import Access
    from operations.archive_ports import Archive
    from operations.ports import Registers, RegisterTransaction, SnapshotStore

Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """What a call needs. `right`: None where being known is enough. `study`: the study that it is on, from the call.
    `only_visible`: what comes back is cut down to the studies that the account may read."""

    right: Right | Callable[[Arguments], Right] | None = None
    study: Callable[[Any, Arguments], str | None] | None = None
    only_visible: bool = False


def _named(arguments_path: str) -> Callable[[Any, Arguments], str | None]:
    """The study at a place in the call, such as `run.study_id`."""
    first, *rest = arguments_path.split(".")

    def find(_inner: Any, arguments: Arguments) -> str | None:
        found = arguments[first]
        for name in rest:
            found = getattr(found, name)
        return cast("str | None", found)

    return find


def _of_run(inner: Any, arguments: Arguments) -> str | None:
    run = inner.run(arguments["run_id"])
    return run.study_id if run else None


def _of_report(inner: Any, arguments: Arguments) -> str | None:
    key = arguments["signature"].report_key if "signature" in arguments else arguments["key"]
    report = inner.report_by_key(key)
    return report.study_id if report else None


def _right_to_change(arguments: Arguments) -> Right:
    """That a waiver ended is no decision of whoever runs the study after its last day."""
    expired = all(change.act is Act.EXPIRED for change in arguments["changes"])
    return Right.RUN if expired else Right.FINDINGS


KNOWN = Rule()
SEEN = Rule(only_visible=True)
READ_STUDY = Rule(Right.READ, _named("study_id"))

OF_TRANSACTION: Mapping[str, Rule] = {
    "ensure_account": KNOWN,
    "ensure_study": Rule(Right.RUN, _named("study.id")),
    "add_snapshot": Rule(Right.RUN, _named("snapshot.study_id")),
    "start_run": Rule(Right.RUN, _named("run.study_id")),
    "finish_run": Rule(Right.RUN, _of_run),
    "record_findings": Rule(Right.RUN, _of_run),
    "change_findings": Rule(_right_to_change, _named("study_id")),
    "add_report": Rule(Right.REPORT, _named("report.study_id")),
    "sign_report": Rule(lambda arguments: STEPS[arguments["signature"].meaning].right, _of_report),
    "supersede_report": Rule(Right.RELEASE, _of_report),
    "remove_draft": Rule(Right.RELEASE, _of_report),
    "record_read": KNOWN,
    "lock_study": READ_STUDY,
    "report_by_key": SEEN,
    "reports": SEEN,
    "reports_meant": SEEN,
    "signatures": SEEN,
    "run": SEEN,
    "runs": SEEN,
    "started_runs": SEEN,
    "snapshots": SEEN,
    "pulls": READ_STUDY,
    "findings": READ_STUDY,
    "known_findings": READ_STUDY,
    "located_findings": READ_STUDY,
    "finding_history": READ_STUDY,
    "finding_snapshots": READ_STUDY,
    "events": KNOWN,
    "hold_still": KNOWN,
    "log_size": KNOWN,
    "stored_events": KNOWN,
    "tree_node": KNOWN,
    "tree_level": KNOWN,
    "is_closed": KNOWN,
}
"""Accounts, roles and sessions are not here: `operations.accounts` and `operations.sessions` ask for themselves."""


class GuardedRegisters:
    """The registers as the acting account may use them."""

    def __init__(self, inner: Registers, access: Access) -> None:
        self._inner = inner
        self._access = access

    @contextmanager
    def transaction(self) -> Iterator[RegisterTransaction]:
        """As the registers' own. A refusal undoes all of it, and is an audit event."""
        known = self._access.account
        assert known, "an account that is not known raises"
        try:
            with self._inner.transaction() as register:
                yield cast("RegisterTransaction", _Guarded(register, self._access, OF_TRANSACTION, _see_rows))
        except AccessError as refused:
            self._access.record(refused)
            raise

    def check(self) -> str:
        """As the registers' own: what it says is no study's."""
        return self._inner.check()

    def close(self) -> None:
        """As the registers' own."""
        self._inner.close()


class _Guarded:
    """A port behind its table."""

    def __init__(
        self,
        inner: Any,
        access: Access,
        rules: Mapping[str, Rule],
        see: Callable[[Access, Any, str, Callable[..., Any], Arguments], Any] | None = None,
    ) -> None:
        self._inner = inner
        self._access = access
        self._rules = rules
        self._see = see

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not self._access.is_closed:
            return found
        rule = self._rules.get(name)
        if rule is None:
            raise self._access.refusal(f"use `{name}`, which no rule allows", None)
        if not callable(found):
            return found

        def guarded(*given: Any, **named: Any) -> Any:
            bound = inspect.signature(found).bind(*given, **named)
            bound.apply_defaults()
            if rule.right is not None:
                right = rule.right if isinstance(rule.right, Right) else rule.right(bound.arguments)
                self._access.check(right, rule.study(self._inner, bound.arguments) if rule.study else None)
            if rule.only_visible and self._see is not None:
                return self._see(self._access, self._inner, name, found, bound.arguments)
            return found(*given, **named)

        return guarded


def may_see(access: Access, study_id: str | None) -> bool:
    """Read rights, or the care of the whole archive, which must see what there is."""
    return access.allows(Right.READ, study_id) or access.allows(Right.CARE)


def _see_rows(access: Access, inner: Any, name: str, read: Callable[..., Any], arguments: Arguments) -> Any:
    """A read, cut down to the studies that may be seen; its limit counts what is seen."""
    if may_see(access, None):
        return read(**arguments)
    given = dict(arguments)
    studies = {grant.study_id for grant in access.grants if Right.READ in RIGHTS[grant.role]}
    if name == "signatures":
        visible = {row.key for study in studies for row in inner.reports_meant(ReportFilter(study_id=study))}
        return [row for row in read(**given) if row.report_key in visible]
    if name == "reports_meant":
        given["wanted"] = replace(given["wanted"], among=tuple(sorted(studies)))
        return read(**given)
    limit = given.pop("limit", None)
    found = read(**given, **({"limit": _ALL} if limit is not None else {}))
    if found is None or not isinstance(found, list):
        return found if found is not None and found.study_id in studies else None
    return [row for row in found if row.study_id in studies][:limit]


_ALL = 1_000_000


def _of_place(_inner: Any, arguments: Arguments) -> str | None:
    """The study of an object of the archive: `reports/STUDY/…`; None for what is nobody's alone."""
    parts = str(arguments["key"]).split("/")
    return parts[1] if parts[0] == "reports" and len(parts) > 1 else None


OF_ARCHIVE: Mapping[str, Rule] = {
    "place": KNOWN,
    "describe": KNOWN,
    "check": KNOWN,
    "put": KNOWN,
    "get": KNOWN,
    "head": KNOWN,
    "retain": KNOWN,
    "hold": KNOWN,
    "remove": Rule(Right.RELEASE, _of_place),
    "keys": KNOWN,
    "survey": Rule(Right.CARE),
    "measure": Rule(Right.CARE),
    "probe": Rule(Right.CARE),
}

OF_SNAPSHOTS: Mapping[str, Rule] = {
    "prepare": KNOWN,
    "freeze": KNOWN,
    "look": KNOWN,
    "get": KNOWN,
    "open": KNOWN,
    "verify": KNOWN,
    "read_file": KNOWN,
    "read_define": KNOWN,
    "export": KNOWN,
}
"""What else these need depends on the object, the snapshot: `_look`."""

_FREE = frozenset({"place", "describe", "check", "prepare"})


class _GuardedStore(_Guarded):
    """A store: nobody may use it who is not known, but for what says nothing of a study; refusals are audit events."""

    def __getattr__(self, name: str) -> Any:
        if name in _FREE:
            return getattr(self._inner, name)
        known = self._access.account
        assert known, "an account that is not known raises"
        found = super().__getattr__(name)
        if not callable(found) or not self._access.is_closed:
            return found

        def recorded(*given: Any, **named: Any) -> Any:
            try:
                self._look(name, inspect.signature(getattr(self._inner, name)).bind(*given, **named).arguments)
                return found(*given, **named)
            except AccessError as refused:
                self._access.record(refused)
                raise

        return recorded

    def _look(self, name: str, arguments: Arguments) -> None:
        """What depends on the thing itself."""


class _GuardedArchive(_GuardedStore):
    def _look(self, name: str, arguments: Arguments) -> None:
        study = _of_place(None, arguments) if "key" in arguments else None
        if study is None:
            return
        if name == "put" or (name == "hold" and arguments["on"]):
            self._access.check(Right.REPORT, study)
        elif name == "hold":
            self._access.check(Right.RELEASE, study)
        elif name == "retain" and not self._access.allows(Right.CARE):
            self._access.check(Right.REPORT, study)
        elif name == "get" and not may_see(self._access, study):
            raise self._access.refusal(Right.READ.value, study)


class _GuardedSnapshots(_GuardedStore):
    def _look(self, name: str, arguments: Arguments) -> None:
        """Raw data is read by who may read a study that has it, and frozen by who may run any study. Its list is read,
        and it is hashed again, also by who cares for the archive."""
        if name == "freeze" and not any(Right.RUN in RIGHTS[grant.role] for grant in self._access.grants):
            raise self._access.refusal(Right.RUN.value, None)
        wanted = arguments.get("snapshot_id")
        if wanted is None or self._access.allows(Right.READ):
            return
        if name in ("get", "verify") and self._access.allows(Right.CARE):
            return
        with self._access.unguarded.transaction() as register:
            rows = register.snapshots()
        if not any(row.id.startswith(wanted) and self._access.allows(Right.READ, row.study_id) for row in rows):
            raise self._access.refusal(f"read snapshot {str(wanted)[:12]}", None)


def guarded_archive(inner: Archive, access: Access) -> Archive:
    """The archive as the acting account may use it."""
    return cast("Archive", _GuardedArchive(inner, access, OF_ARCHIVE))


def guarded_snapshots(inner: SnapshotStore, access: Access) -> SnapshotStore:
    """The snapshot store as the acting account may use it."""
    return cast("SnapshotStore", _GuardedSnapshots(inner, access, OF_SNAPSHOTS))
