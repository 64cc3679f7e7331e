"""A web server on loopback that serves files as a test says, breaks off where it says, and remembers what was asked."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

ANSWER = Callable[[BaseHTTPRequestHandler], bool]


@dataclass
class Asked:
    """One request: method, path with query, headers by small names."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class WebServer:
    """`files` by path (`/cut/ae.xpt`). `ranges`, `etags`: whether it can those. `headers`: sent with every file.

    `faults`: for the next requests, one each, in order: answers instead of the file; what returns False lets the file
    go out after all. `breaks`: for the next answers, after how many bytes of the body the connection is cut.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    etags: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    faults: list[ANSWER] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def put(self, folder: Path, prefix: str) -> str:
        """Every file of a folder; the address below which they are."""
        self.files |= {f"{prefix}{path.name}": path.read_bytes() for path in folder.iterdir()}
        return self.url + prefix


def status(code: int, **headers: str) -> ANSWER:
    """An answer of this code, with these headers (`Retry_After`) and without content."""

    def answer(request: BaseHTTPRequestHandler) -> bool:
        request.send_response(code)
        for name, value in {"Content-Length": "0", **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        return True

    return answer


@contextmanager
def serving(server: WebServer | None = None) -> Iterator[WebServer]:
    """The server, up while the block runs."""
    served = server or WebServer()
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(served))
    served.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield served
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def _handler(served: WebServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_arguments: object) -> None: ...

        def handle(self) -> None:
            # A client that has given up is no fault of the server.
            with suppress(ConnectionError):
                super().handle()

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            served.asked.append(Asked("GET", self.path, headers))
            if served.faults and served.faults.pop(0)(self):
                return
            content = served.files.get(unquote(self.path.partition("?")[0]))
            if content is None:
                status(404)(self)
                return
            etag = f'"{hashlib.md5(content).hexdigest()}"' if served.etags else ""
            start = 0
            asked = re.fullmatch(r"bytes=(\d+)-", headers.get("range", ""))
            if asked and served.ranges and headers.get("if-range", etag) == etag:
                start = int(asked[1])
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            body = content[start:]
            for name, value in {
                "Content-Length": str(len(body)), **({"ETag": etag} if etag else {}), **served.headers,
            }.items():  # fmt: skip
                self.send_header(name, value)
            self.end_headers()
            cut = served.breaks.pop(0) if served.breaks else None
            self.wfile.write(body[:cut])
            self.close_connection = cut is not None

    return Handler
