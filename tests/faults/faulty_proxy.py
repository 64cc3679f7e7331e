"""A proxy in front of a real S3 store that breaks its word at one call, or from one call on. Real HTTP on loopback."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

REFUSED = {
    "500": (500, "InternalError"),
    "503": (503, "SlowDown"),
    "429": (429, "TooManyRequests"),
    "expired credentials": (400, "ExpiredToken"),
    "access denied": (403, "AccessDenied"),
    "lock refused": (400, "InvalidRequest"),
}
FAULTS = (*REFUSED, "reset", "slow", "time-out after success", "truncated", "wrong checksum")
SLOW_SECONDS = 0.2
_HOP = {"connection", "keep-alive", "transfer-encoding", "expect"}


@dataclass
class Proxy:
    """Where it listens, and what it does: the fault at call number `at`; `lasting`: at every later one, too."""

    endpoint: str
    fault: str = ""
    at: int = 0
    lasting: bool = False
    patience: float = 4.0
    """Seconds that the caller waits for an answer."""
    calls: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def set(self, fault: str = "", at: int = 0, *, lasting: bool = False) -> None:
        """From now on, and the calls are counted anew."""
        with self.lock:
            self.fault, self.at, self.lasting, self.calls = fault, at, lasting, []

    def fault_of(self, call: str, *, asks_for_lock: bool) -> str:
        """The fault of this call, which is counted. A lock is refused at the next call that asks for one."""
        with self.lock:
            self.calls.append(call)
            number = len(self.calls)
            if not self.at or number < self.at:
                return ""
            if self.fault == "lock refused":
                if not asks_for_lock:
                    return ""
                self.at = self.at if self.lasting else 0
                return self.fault
            return self.fault if number == self.at or self.lasting else ""


@contextmanager
def faulty_proxy(upstream: str) -> Iterator[Proxy]:
    """A proxy in front of the store at that endpoint; without a fault until one is set."""
    target = urlsplit(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            call = f"{self.command} {self.path.partition('?')[0]}"
            fault = proxy.fault_of(call, asks_for_lock="x-amz-object-lock-mode" in self.headers)
            if fault in REFUSED:
                status, code = REFUSED[fault]
                self.give(status, {"Content-Type": "application/xml"}, f"<Error><Code>{code}</Code></Error>".encode())
                return
            if fault == "reset":
                self.hang_up()
                return
            if fault == "slow":
                time.sleep(SLOW_SECONDS)
            if fault == "wrong checksum" and body:
                body = bytes([body[0] ^ 1]) + body[1:]
            status, headers, content = self.forward(body)
            if fault == "time-out after success":
                time.sleep(proxy.patience * 1.5)
                self.hang_up()
                return
            if fault == "wrong checksum" and content and self.command == "GET":
                content = content[:-1] + bytes([content[-1] ^ 1])
            self.give(status, headers, content, cut=fault == "truncated")

        def forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
            store = http.client.HTTPConnection(target.hostname or "", target.port, timeout=30)
            try:
                store.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    if name.lower() not in _HOP:
                        store.putheader(name, value)
                store.endheaders(body or None)
                answer = store.getresponse()
                headers = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
                return answer.status, headers, answer.read()
            finally:
                store.close()

        def give(self, status: int, headers: dict[str, str], content: bytes, *, cut: bool = False) -> None:
            self.send_response_only(status)
            said = {name.lower() for name in headers}
            for name, value in headers.items():
                self.send_header(name, value)
            if "content-length" not in said:
                self.send_header("Content-Length", str(len(content)))
            if cut and not content:
                # Nothing but a head: it breaks off in the midst of it.
                self._headers_buffer = self._headers_buffer[:1]  # type: ignore[attr-defined]
                self.flush_headers()
                self.hang_up()
                return
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content[: len(content) // 2] if cut else content)
            if cut:
                self.close_connection = True

        def hang_up(self) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A caller who has gone is what these faults are about."""

    server = Server(("127.0.0.1", 0), Handler)
    proxy = Proxy(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
