"""An S3 store that breaks its word in one named way, to see that we notice. Real HTTP on loopback, real boto3."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def faulty_store(fault: str) -> Iterator[str]:
    """The endpoint of a store with one fault.

    `flips a bit`: gives back other bytes than it took. `forgets to answer`: takes the first PUT and ends the connection
    without a word. `has no conditions`: refuses If-None-Match. `busy`: says 409 twice before it takes a PUT. `always
    busy`: says 409 for ever. `cut short`: ends the connection in the middle of a GET.
    """
    kept: dict[str, tuple[bytes, str]] = {}
    puts = 0

    class Store(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

        def say(self, status: int, code: str) -> None:
            body = f"<Error><Code>{code}</Code></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_PUT(self) -> None:
            nonlocal puts
            puts += 1
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if fault == "has no conditions":
                self.say(501, "NotImplemented")
            elif fault == "always busy" or (fault == "busy" and puts <= 2):
                self.say(409, "ConditionalRequestConflict")
            elif self.path in kept:
                self.say(412, "PreconditionFailed")
            else:
                kept[self.path] = body, self.headers["x-amz-meta-sha256"]
                if fault == "forgets to answer" and puts == 1:
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def do_HEAD(self) -> None:
            body, digest = kept.get(self.path, (b"", ""))
            self.send_response(200 if digest else 404)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("x-amz-meta-sha256", digest)
            self.end_headers()

        def do_GET(self) -> None:
            if self.path not in kept:
                self.say(404, "NoSuchKey")
                return
            body, digest = kept[self.path]
            if fault == "flips a bit":
                body = bytes([body[0] ^ 1]) + body[1:]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("x-amz-meta-sha256", digest)
            self.end_headers()
            if fault == "cut short":
                self.wfile.write(body[: len(body) // 2])
                self.close_connection = True
            else:
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
