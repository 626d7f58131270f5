"""A web server of this machine that gives a file, or parts of it, to who knows a password or a token."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = "hunter2"  # both of them
_LETTER = "Basic " + base64.b64encode(f"ann:{SECRET}".encode()).decode()


@contextmanager
def guarded(files: dict[str, bytes]) -> Iterator[str]:
    """Give the host and the port where files, by their paths with a slash before, are guarded."""

    class Guard(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if self.headers.get("Authorization") != _LETTER and f"token={SECRET}" not in query:
                return self._answer(401, b"")
            if path not in files:
                return self._answer(404, b"")
            data = files[path]
            part = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            if part is None:
                return self._answer(200, data)
            first, last = int(part[1]), min(int(part[2] or len(data)), len(data) - 1)
            self._answer(206, data[first : last + 1], f"bytes {first}-{last}/{len(data)}")
            return None

        do_HEAD = do_GET  # noqa: N815 - as the standard library calls it

        def _answer(self, status: int, body: bytes, part: str = "") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Accept-Ranges", "bytes")
            if part:
                self.send_header("Content-Range", part)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass  # who asked has hung up

    server = Server(("127.0.0.1", 0), Guard)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
