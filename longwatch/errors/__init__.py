"""The error family: one base, subclasses by who must act.

An error has its own id (`LW-…`, listed in docs/errors.md) and says, in one line, what happened, where, what was
expected against what was found, and what to do next. The exit code of each class is mapped once, in `cli.main`.
No message carries a patient's values beyond the record's key.
"""

from __future__ import annotations


class LongwatchError(Exception):
    """A failure that a person can act on.

    `error_id`: stable, unique to one cause. `what`: the fact. `where`: file, dataset, setting or place.
    `expected`, `found`: what should stand there against what does. `next_step`: what to do now.
    """

    def __init__(
        self,
        error_id: str,
        what: str,
        *,
        where: str = "",
        expected: str = "",
        found: str = "",
        next_step: str = "",
    ) -> None:
        self.error_id = error_id
        self.what = what
        self.where = where
        self.expected = expected
        self.found = found
        self.next_step = next_step
        super().__init__(self.one_line())

    def fact(self) -> str:
        """`LW-…: where: what (expected …; found …)` on one line, whatever the parts hold."""
        place = f"{self.where}: " if self.where else ""
        compared = "; ".join(
            f"{word} {text}" for word, text in (("expected", self.expected), ("found", self.found)) if text
        )
        line = f"{self.error_id}: {place}{self.what}"
        if compared:
            line += f" ({compared})"
        return " ".join(line.split())

    def one_line(self) -> str:
        """The fact and what to do now, on one line."""
        step = " ".join(self.next_step.split())
        return f"{self.fact()}. Next: {step}" if step else self.fact()

    def __reduce__(self) -> tuple[object, ...]:
        """Errors cross process borders (parsing children, Prefect) whole."""
        return (
            _rebuild,
            (type(self), self.error_id, self.what, self.where, self.expected, self.found, self.next_step),
        )


def _rebuild(
    cls: type[LongwatchError], error_id: str, what: str, where: str, expected: str, found: str, next_step: str
) -> LongwatchError:
    return cls(error_id, what, where=where, expected=expected, found=found, next_step=next_step)


class GateStopped(LongwatchError):
    """A `reject` rule failed: the data manager must act. Nothing was rendered or archived."""


class StudyError(LongwatchError):
    """The study file, or the way the command was called, is wrong: the study team must act."""


class SourceError(LongwatchError):
    """The trial data cannot be fetched or read: the data provider must act."""


class StoreError(LongwatchError):
    """The archive or the database cannot be reached or refuses: the operator must act."""


class IntegrityError(LongwatchError):
    """Something kept is not what it was when it was kept: stop, and find out why."""


class AccessError(LongwatchError):
    """Who acts is not known, or may not do this: whoever acts, or the administrator of the accounts, must act."""
