"""A server of this machine that answers as it is told, and the leave to ask it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

Answer = Callable[[BaseHTTPRequestHandler], None]


class WebServer:
    """Paths and what they answer with; others are 404.

    Attributes:
        answers: by path, without the query: a body, or a function that writes everything.
        asked: what was asked for: paths with their queries, and the headers.
        url: of the root, without a slash.
    """

    def __init__(self, port: int) -> None:
        self.answers: dict[str, bytes | Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.url = f"http://127.0.0.1:{port}"

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@contextmanager
def web_server(tls: ssl.SSLContext | None = None) -> Iterator[WebServer]:
    """Run a server until the block ends; of https, if it is given what proves its name."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that the server calls
            served.asked.append((self.path, dict(self.headers)))
            answer = served.answers.get(self.path.partition("?")[0])
            if answer is None:
                self.send_error(404)
            elif isinstance(answer, bytes):
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            else:
                answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        served = WebServer(running.server_port)
        if tls is not None:
            running.socket = tls.wrap_socket(running.socket, server_side=True)
            served.url = f"https://localhost:{running.server_port}"
        thread = Thread(target=running.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield served
        finally:
            running.shutdown()
            thread.join()
