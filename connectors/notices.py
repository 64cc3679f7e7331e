"""Where notices go: a file of JSON lines, a webhook, a mailbox. Each tries three times."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote, urlsplit

from longwatch.errors import StoreError, StudyError
from longwatch.findings.notice import Notice
from longwatch.standards.hashing import canonical_json

ATTEMPTS = 3
SECONDS = 10.0
"""How long one attempt may wait for an answer."""

Pause = Callable[[float], None]


@dataclass(frozen=True)
class FileTarget:
    """Adds one line of JSON to a file."""

    path: Path
    pause: Pause = time.sleep

    @property
    def name(self) -> str:
        """What the audit trail calls it."""
        return "file"

    def send(self, notice: Notice) -> None:
        """Raises StoreError LW-NTC-001 where the file cannot be written."""

        def add() -> None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                file.write(canonical_json(notice.as_value()) + b"\n")

        _attempt(add, (OSError,), "LW-NTC-001", "the file of notices cannot be written", str(self.path), self.pause)


@dataclass(frozen=True)
class WebhookTarget:
    """Posts the notice as JSON; the field `text` holds it for people, as chat services read it."""

    url: str
    pause: Pause = time.sleep

    @property
    def name(self) -> str:
        """What the audit trail calls it: the host, for the rest of an address may be a secret."""
        return f"webhook {urlsplit(self.url).hostname}"

    def send(self, notice: Notice) -> None:
        """Raises StoreError LW-NTC-002 where the address does not answer, or not with success."""
        import httpx

        def post() -> None:
            content = canonical_json({**notice.as_value(), "text": notice.as_markdown()})
            answer = httpx.post(
                self.url, content=content, headers={"Content-Type": "application/json"}, timeout=SECONDS
            )
            if not answer.is_success:
                raise ConnectionError(f"it answered {answer.status_code}")

        kinds = (httpx.HTTPError, httpx.InvalidURL, ConnectionError)
        _attempt(post, kinds, "LW-NTC-002", "the webhook does not take the notice", self.name, self.pause)


@dataclass(frozen=True)
class MailTarget:
    """Sends a mail. `server`: `smtp://host:port` (STARTTLS where it is offered) or `smtps://…`, with user and password
    where it needs them."""

    server: str
    sender: str
    receivers: tuple[str, ...]
    pause: Pause = time.sleep

    @property
    def name(self) -> str:
        """What the audit trail calls it."""
        return f"mail by {urlsplit(self.server).hostname}"

    def send(self, notice: Notice) -> None:
        """Raises StoreError LW-NTC-003 where the server refuses or does not answer."""

        def mail() -> None:
            message = EmailMessage()
            message["Subject"], message["From"] = notice.subject, self.sender
            message["To"] = ", ".join(self.receivers)
            message.set_content(notice.as_markdown())
            parts = urlsplit(self.server)
            kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
            with kind(parts.hostname or "", parts.port or 0, timeout=SECONDS) as server:
                if parts.scheme == "smtp":
                    server.ehlo()
                    if server.has_extn("starttls"):
                        server.starttls()
                if parts.username:
                    server.login(unquote(parts.username), unquote(parts.password or ""))
                server.send_message(message)

        kinds = (smtplib.SMTPException, OSError)
        _attempt(mail, kinds, "LW-NTC-003", "the mail server does not take the notice", self.name, self.pause)


Target = FileTarget | WebhookTarget | MailTarget


def make_targets(file: str, webhook: str, smtp: str, sender: str, receivers: str) -> tuple[Target, ...]:
    """The targets that the settings name. Raises StudyError LW-NTC-004 where one is named only in part."""
    targets: list[Target] = []
    if file:
        targets.append(FileTarget(Path(file).expanduser().resolve()))
    if webhook:
        if urlsplit(webhook).scheme not in ("http", "https"):
            raise _in_part("LONGWATCH_NOTICE_WEBHOOK", "an address that begins with https:// or http://")
        targets.append(WebhookTarget(webhook))
    if smtp:
        people = tuple(person.strip() for person in receivers.split(",") if person.strip())
        parts = urlsplit(smtp)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise _in_part("LONGWATCH_NOTICE_SMTP", "smtp://host:port or smtps://host:port")
        if not sender or not people:
            raise _in_part("LONGWATCH_NOTICE_FROM, LONGWATCH_NOTICE_TO", "who sends and who receives")
        targets.append(MailTarget(smtp, sender, people))
    return tuple(targets)


def _in_part(where: str, expected: str) -> StudyError:
    return StudyError(
        "LW-NTC-004",
        "the settings do not say where notices go",
        where=where,
        expected=expected,
        next_step="correct the setting, or take it away where nobody is to be told",
    )


def _attempt(
    work: Callable[[], None], kinds: tuple[type[Exception], ...], error_id: str, what: str, where: str, pause: Pause
) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            work()
            return
        except kinds as refused:
            if attempt == ATTEMPTS:
                raise StoreError(
                    error_id,
                    what,
                    where=where,
                    found=type(refused).__name__,
                    next_step="check the setting, and that it can be reached; findings are registered all the same",
                ) from refused
            pause(2.0**attempt)
