"""Files at web addresses: one, or several below an address that ends in `/`."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from connectors.places.fetching import Budget, FetchLimits, Passing, StatedChecksums, resume
from connectors.places.secrets import read_secret
from connectors.places.visit import Visit
from longwatch.errors import SourceError
from longwatch.study import SourceSpec

if TYPE_CHECKING:
    import httpx

REDIRECTS = 5
_MAY_PASS = {408, 425, 429, 500, 502, 503, 504}
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass
class WebPlace:
    """What an address of a study file names. The secret is read when it is first needed."""

    source: SourceSpec
    visit: Visit
    _client: httpx.Client | None = None

    @property
    def where(self) -> str:
        """The address without what was given after a `?`."""
        return self.source.shown

    def names(self) -> tuple[str, ...]:
        """The name at the end of the address, or those of `include:`. Nothing is asked yet."""
        if self.where.endswith("/"):
            return tuple(sorted(set(self.source.include)))
        return (unquote(self.where.rpartition("/")[2]),)

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a file; after a broken connection the rest of the same file.

        Raises SourceError LW-SRC-103 to 105 (the secret), LW-SRC-110 (no answer), LW-SRC-111 (access denied),
        LW-SRC-112 (no such file), LW-SRC-113 (the server cannot now), LW-SRC-114 (the file was replaced meanwhile),
        LW-SRC-115 (refused), LW-SRC-116 (certificate), LW-SRC-117 (redirects that are not followed), LW-SRC-118
        (compressed on the way), LW-SRC-100 (too much), LW-SRC-102 (not what the server says it sent).
        """
        where = f"{self.where}{name}" if self.where.endswith("/") else self.where
        return _Transfer(self, self._address(name), where, self.visit.access.limits).pieces()

    def client(self) -> httpx.Client:
        """One client for all files, with bounded patience; closed with the pull."""
        if self._client is None:
            import httpx

            limits = self.visit.access.limits
            timeout = httpx.Timeout(limits.read_seconds, connect=limits.connect_seconds)
            self._client = self.visit.closing.enter_context(httpx.Client(timeout=timeout))
        return self._client

    def secret_headers(self) -> dict[str, str]:
        """What proves who asks; only for the host of the study file."""
        if self.source.token:
            token = read_secret(self.source.token, self.visit.base, self.where).get_secret_value()
            kind = "Bearer " if "header" not in self.source.model_fields_set else ""
            return {self.source.header: f"{kind}{token}"}
        if self.source.user and self.source.password:
            password = read_secret(self.source.password, self.visit.base, self.where).get_secret_value()
            basic = base64.b64encode(f"{self.source.user}:{password}".encode()).decode()
            return {"Authorization": f"Basic {basic}"}
        return {}

    def _address(self, name: str) -> str:
        path, mark, query = self.source.path.partition("?")
        return (path + quote(name) if path.endswith("/") else path) + mark + query


@dataclass
class _Transfer:
    """One file on its way: what has arrived, and how the same file is known again."""

    place: WebPlace
    address: str
    where: str
    limits: FetchLimits
    _seen: hashlib._Hash = field(default_factory=hashlib.sha256)
    _stated: StatedChecksums = field(default_factory=lambda: StatedChecksums({}))
    _mark: str = ""

    def pieces(self) -> Iterator[bytes]:
        yield from resume(self._pieces_from, self.limits)
        self._stated.check(self.where)

    def _pieces_from(self, start: int) -> Iterator[bytes]:
        """Cases: the beginning; the rest, where the server can and knows the file again by a strong ETag or its date;
        else all of it once more, and what had arrived is compared and left out."""
        asked = {"Range": f"bytes={start}-", "If-Range": self._mark} if start and self._mark else {}
        with self._answer(asked) as response:
            if response.status_code == 206 and asked:
                self._check_rest(response, start)
                again = 0
            elif response.status_code == 200:
                if start and self._mark and self._mark != _mark_of(response.headers):
                    raise self._replaced()
                again = start
                if not start:
                    self._begin(response)
            else:
                raise self._refused(response)
            repeated = hashlib.sha256()
            for piece in response.iter_raw():
                if again:
                    old, piece = piece[:again], piece[again:]
                    repeated.update(old)
                    again -= len(old)
                    if not again and repeated.digest() != self._seen.digest():
                        raise self._replaced()
                if piece:
                    self._seen.update(piece)
                    self._stated.update(piece)
                    yield piece
            if again:
                raise self._replaced()

    def _begin(self, response: httpx.Response) -> None:
        encoding = response.headers.get("content-encoding", "identity")
        if encoding.lower() != "identity":
            raise SourceError(
                "LW-SRC-118",
                "the server sends the file compressed, though it was asked not to",
                where=self.where,
                found=encoding[:40],
                next_step="have the server send stored files as they are, or deliver a .zip",
            )
        length = response.headers.get("content-length", "")
        if length.isdigit():
            Budget(self.limits).spend(int(length), self.where)
        self._seen = hashlib.sha256()
        self._stated = StatedChecksums.of(response.headers)
        self._mark = _mark_of(response.headers)

    def _check_rest(self, response: httpx.Response, start: int) -> None:
        found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
        mark = _mark_of(response.headers)
        if found is None or int(found[1]) != start or (mark and mark != self._mark):
            raise self._replaced()

    @contextmanager
    def _answer(self, asked: Mapping[str, str]) -> Iterator[httpx.Response]:
        """The answer to a request, redirects followed; what httpx raises while it is read, in words.

        The secret goes to the host of the study file only, and nothing that was asked by https is fetched by http.
        """
        import httpx

        client = self.place.client()
        url = httpx.URL(self.address)
        home = (url.scheme, url.host, url.port)
        secret = self.place.secret_headers()
        try:
            for _ in range(REDIRECTS + 1):
                headers = {"Accept-Encoding": "identity", **asked}
                if (url.scheme, url.host, url.port) == home:
                    headers |= secret
                response = client.send(client.build_request("GET", url, headers=headers), stream=True)
                if not response.has_redirect_location:
                    try:
                        yield response
                    finally:
                        response.close()
                    return
                response.close()
                target = url.join(response.headers["location"]).copy_with(username=None, password=None)
                if target.scheme not in ("http", "https") or (url.scheme == "https" and target.scheme != "https"):
                    raise self._astray(f"a redirect from {url.scheme} to {target.scheme}://{target.host}")
                url = target
            raise self._astray(f"more than {REDIRECTS} redirects")
        except httpx.TransportError as failed:
            raise self._unreachable(failed, url.host) from None
        except httpx.InvalidURL:
            raise self._astray("a redirect to what is no address") from None

    def _unreachable(self, failed: httpx.TransportError, host: str) -> Exception:
        if "CERTIFICATE_VERIFY_FAILED" in str(failed):
            return SourceError(
                "LW-SRC-116",
                "the server's certificate is not trusted",
                where=self.where,
                found=f"that of {host}",
                next_step="have the certificate of your network named in SSL_CERT_FILE, or correct the address",
            )
        error = SourceError(
            "LW-SRC-110",
            f"the server does not answer, or breaks off ({type(failed).__name__})",
            where=self.where,
            found=f"tried {self.limits.attempts} times",
            next_step="check the network and the address; pull again",
        )
        return Passing(error)

    def _refused(self, response: httpx.Response) -> Exception:
        status = response.status_code
        said = f"{status} {response.reason_phrase}"[:80]
        if status in _MAY_PASS:
            after = response.headers.get("retry-after", "")
            error = SourceError(
                "LW-SRC-113",
                f"the server cannot deliver now ({said})",
                where=self.where,
                found=f"tried {self.limits.attempts} times",
                next_step="pull again later; if it stays so, ask who runs the server",
            )
            return Passing(error, float(after) if after.isdigit() else 0.0)
        if status in (401, 403, 407):
            return SourceError(
                "LW-SRC-111",
                f"the server denies access ({said})",
                where=self.where,
                found="with a secret" if self.place.secret_headers() else "no `token:` or `password:` is given",
                next_step="check that the secret is whole, not expired, and may read this file",
            )
        if status in (404, 410):
            return SourceError(
                "LW-SRC-112",
                f"there is no such file ({said})",
                where=self.where,
                next_step="correct `path:` or `include:` of this source in the study file",
            )
        return SourceError(
            "LW-SRC-115",
            f"the server refused ({said})",
            where=self.where,
            next_step="ask who runs the server what this answer means",
        )

    def _replaced(self) -> SourceError:
        return SourceError(
            "LW-SRC-114",
            "the file was replaced while it was being pulled",
            where=self.where,
            next_step="pull again when the delivery is complete",
        )

    def _astray(self, found: str) -> SourceError:
        return SourceError(
            "LW-SRC-117",
            "the server sends elsewhere, where Longwatch does not follow",
            where=self.where,
            found=found,
            next_step="give the address of the file itself, by https",
        )


def _mark_of(headers: Mapping[str, str]) -> str:
    """What If-Range may carry: a strong ETag, else the date of change (RFC 9110, 13.1.5); empty where there is none."""
    etag = headers.get("etag", "")
    if etag and not etag.startswith("W/"):
        return etag
    return "" if etag else headers.get("last-modified", "")
