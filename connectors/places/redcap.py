"""A REDCap project through PyCap: the forms that the study file names, and the data dictionary beside them.

Each answer of the API is frozen as it came: `ae.redcap.csv` for the form of AE, and the project's own description in
`redcap-….csv|json`. PyCap makes the requests; their bytes are taken before it decodes them. REDCap's API has no
transaction: forms are asked for one after the other, and what is entered meanwhile may be in one and not in another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from connectors.places.fetching import Budget, FetchLimits, Passing, persist
from connectors.places.place import CHUNK_BYTES
from connectors.places.secrets import read_secret
from longwatch.errors import SourceError
from longwatch.study import SourceSpec

if TYPE_CHECKING:
    from redcap.project import Project

    from connectors.places.visit import Visit

FORM_ENDING = ".redcap.csv"
PROJECT, DICTIONARY, INSTRUMENTS = "redcap-project.json", "redcap-metadata.csv", "redcap-instruments.csv"
EVENTS, REPEATING = "redcap-form-events.csv", "redcap-repeating.csv"
DESCRIPTIONS = (PROJECT, DICTIONARY, INSTRUMENTS, EVENTS, REPEATING)
TOKEN = re.compile(r"[0-9A-Fa-f]{32}")
MOST_BYTES = 1024**3
"""PyCap holds an answer in memory, as REDCap does that makes it."""
_MAY_PASS = {408, 429, 500, 502, 503, 504}


@dataclass
class RedcapPlace:
    """The forms of a source, named as their domains, and the project's description."""

    source: SourceSpec
    visit: Visit
    _project: Project | None = None
    _described: dict[str, bytes] = field(default_factory=dict)
    _taken: bytes = b""

    @property
    def where(self) -> str:
        """The address of the API."""
        return self.source.shown

    def names(self) -> tuple[str, ...]:
        """One file per domain, and the descriptions that the project has.

        Raises SourceError LW-SRC-103 to 105 (the secret), LW-SRC-140 (no REDCap token), LW-SRC-141 (no answer),
        LW-SRC-142 (access denied), LW-SRC-143 (REDCap cannot now), LW-SRC-144 (refused, with its words), LW-SRC-145
        (no answer of REDCap's API), LW-SRC-146 (the project has no such form).
        """
        project = self._opened()
        self._described[PROJECT] = self._asked(lambda: project.export_project_info(format_type="json"))
        self._described[DICTIONARY] = self._asked(lambda: project.export_metadata(format_type="csv"))
        self._described[INSTRUMENTS] = self._asked(lambda: project.export_instruments(format_type="csv"))
        about = self._about()
        if about.get("is_longitudinal"):
            self._described[EVENTS] = self._asked(lambda: project.export_instrument_event_mappings(format_type="csv"))
        if about.get("has_repeating_instruments_or_events"):
            self._described[REPEATING] = self._asked(
                lambda: project.export_repeating_instruments_events(format_type="csv")
            )
        self._check_forms()
        return tuple(sorted([*self._described, *(domain.lower() + FORM_ENDING for domain in self.source.forms)]))

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of an answer. Raises SourceError as `names`."""
        content = self._described.get(name)
        if content is None:
            form = self.source.forms[name.removesuffix(FORM_ENDING).upper()]
            project = self._opened()
            content = self._asked(
                lambda: project.export_records(
                    format_type="csv",
                    forms=[form.form],
                    raw_or_label=form.values,
                    export_blank_for_gray_form_status=True,
                )
            )
        for start in range(0, len(content), CHUNK_BYTES):
            yield content[start : start + CHUNK_BYTES]

    def _opened(self) -> Project:
        if self._project is None:
            # PyCap repeats a token that it does not like; this one does not.
            at = self.source.token
            token = read_secret(at, self.visit.base, self.where).get_secret_value() if at else ""
            if not TOKEN.fullmatch(token):
                raise SourceError(
                    "LW-SRC-140",
                    "the secret is no token of a REDCap project",
                    where=self.where,
                    expected="32 hexadecimal digits",
                    found=f"{len(token)} characters",
                    next_step="copy the token from the project's page API, into the variable or file that is named",
                )
            from redcap.project import Project

            limits = self.visit.access.limits
            # The token is in the body, which a redirect would send on: none is followed.
            self._project = Project(
                self.source.path,
                token,
                timeout=(limits.connect_seconds, limits.read_seconds),
                allow_redirects=False,
                stream=True,
                hooks={"response": self._take},
            )
        return self._project

    def _asked(self, ask: Callable[[], object]) -> bytes:
        """The bytes of an answer, asked for again where that may help."""

        def once() -> bytes:
            from redcap.request import RedcapError

            self._taken = b""
            try:
                ask()
            except ValueError:
                # First: that of requests is both.
                raise self._no_redcap("an answer that is not JSON") from None
            except RedcapError as failed:
                raise self._refusal(failed) from None
            return self._taken

        return persist(once, self.visit.access.limits)

    def _take(self, response: Any, *_arguments: object, **_named: object) -> None:
        """Called with each answer before its body is read: keep the bytes, unless it is a refusal."""
        status = int(response.status_code)
        limits: FetchLimits = self.visit.access.limits
        budget = Budget(FetchLimits(total_bytes=min(MOST_BYTES, limits.total_bytes)))
        content = bytearray()
        for piece in response.iter_content(CHUNK_BYTES):
            budget.spend(len(piece), self.where)
            content += piece
        if status in _MAY_PASS:
            error = SourceError(
                "LW-SRC-143",
                f"REDCap cannot answer now ({status})",
                where=self.where,
                found=f"tried {limits.attempts} times",
                next_step="pull again later; if it stays so, ask who runs the server",
            )
            after = str(response.headers.get("Retry-After", ""))
            raise Passing(error, float(after) if after.isdigit() else 0.0)
        if status in (401, 403):
            raise SourceError(
                "LW-SRC-142",
                f"REDCap denies access ({status})",
                where=self.where,
                found=self._words(bytes(content)),
                next_step="check that the token is this project's, and that its user has the right API Export",
            )
        if status != 200:
            raise self._refused(f"{status}", self._words(bytes(content)))
        if b"text/html" in str(response.headers.get("Content-Type", "")).encode() and content.lstrip()[:1] == b"<":
            raise self._no_redcap("a web page")
        if response.encoding is None or "charset" not in str(response.headers.get("Content-Type", "")):
            response.encoding = "utf-8"
        response._content = self._taken = bytes(content)
        response._content_consumed = True

    def _refusal(self, failed: Exception) -> Exception:
        """PyCap raises the class itself where REDCap answered in words, requests a narrower one where none came."""
        from redcap.request import RedcapError

        if type(failed) is RedcapError:
            return self._refused("its own error", self._words(self._taken))
        error = SourceError(
            "LW-SRC-141",
            f"REDCap does not answer, or breaks off ({type(failed).__name__})",
            where=self.where,
            found=f"tried {self.visit.access.limits.attempts} times",
            next_step="check the network, the address and the server's certificate; pull again",
        )
        return Passing(error)

    def _words(self, content: bytes) -> str:
        """What REDCap says of a refusal, short, and without the token should it repeat it."""
        said = content.decode(errors="replace")
        try:
            value = orjson.loads(content)
            said = str(value.get("error", said)) if isinstance(value, dict) else said
        except orjson.JSONDecodeError:
            pass
        token = self._project.token if self._project else ""
        said = re.sub(r"<[^>]*>", " ", said)
        return " ".join((said.replace(token, "…") if token else said).split())[:160]

    def _refused(self, how: str, words: str) -> SourceError:
        return SourceError(
            "LW-SRC-144",
            f"REDCap refused ({how})",
            where=self.where,
            found=words,
            next_step="correct what it names; the API's page in the project tests a request",
        )

    def _no_redcap(self, found: str) -> SourceError:
        return SourceError(
            "LW-SRC-145",
            "the answer is not one of REDCap's API",
            where=self.where,
            found=found,
            next_step="correct the address: https://host/api/, or https://host/redcap/api/",
        )

    def _about(self) -> dict[str, Any]:
        value = orjson.loads(self._described[PROJECT])
        if not isinstance(value, dict):
            raise self._no_redcap("a project that is no JSON object")
        return {name: str(each) not in ("0", "") for name, each in value.items()}

    def _check_forms(self) -> None:
        lines = self._described[INSTRUMENTS].decode("utf-8-sig", errors="replace").splitlines()[1:]
        known = {line.split(",")[0].strip('"') for line in lines}
        absent = sorted(form.form for form in self.source.forms.values() if form.form not in known)
        if absent:
            raise SourceError(
                "LW-SRC-146",
                f"the project has no form {', '.join(absent)}",
                where=self.where,
                found=", ".join(sorted(known))[:160] or "no form at all",
                next_step="correct `form:` of this source: the form's name in small letters, with _ for blanks",
            )
