"""A store on this machine that fails for a while: a proxy before an S3 server, which is moto's.

The proxy hands requests on and back, answers some with a status of its own, breaks connections off, waits, or cuts
bodies short. It also keeps a list of all requests, to tell how many of them a piece of work takes one after the other.
"""

from __future__ import annotations

import http.client
import random
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

# What a store answers for a while: (status, its code in S3's XML).
TROUBLE = (
    *((400, "ExpiredToken"), (403, "ExpiredToken"), (403, "AccessDenied"), (403, "RequestTimeTooSkewed")),
    *((403, "InvalidAccessKeyId"), (403, "SignatureDoesNotMatch"), (404, "NoSuchKey"), (408, "RequestTimeout")),
    *((409, "OperationAborted"), (429, "TooManyRequests"), (500, "InternalError"), (502, "BadGateway")),
    *((503, "SlowDown"), (503, "ServiceUnavailable"), (504, "GatewayTimeout"), (307, "TemporaryRedirect")),
)
EFFECTS = ("status", "reset", "slow", "cut", "garbage")
METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE")
_OF_A_HOP = frozenset(("connection", "transfer-encoding", "keep-alive", "server", "date"))
_MOTO = (
    "import sys, moto.server as s, time\n"
    "r = s.ThreadedMotoServer(port=0, verbose=False); r.start(); print(r.get_host_and_port()[1], flush=True)\n"
    "sys.stdin.read()"
)


@dataclass
class StoreRule:
    """A fault of some requests.

    Args:
        methods: of HTTP.
        path: a part of the request's path; empty: any.
        effect: ``status``, ``reset`` the connection, ``slow``, ``cut`` the body of the answer, ``garbage`` for one.
        value: (status, code of S3), or seconds.
        after: requests that pass first.
        seconds: it lasts, from the first request that it meets on; 0: by requests alone.
        requests: that it meets; 0: by time alone.
    """

    methods: tuple[str, ...] = METHODS
    path: str = ""
    effect: str = "status"
    value: tuple[int, str] | float = TROUBLE[0]
    after: int = 0
    seconds: float = 0.0
    requests: int = 0
    seen: int = field(default=0, compare=False)
    struck: int = field(default=0, compare=False)
    began: float = field(default=0.0, compare=False)

    def strikes(self, method: str, path: str) -> bool:
        """Count a request; say whether it is met."""
        if method not in self.methods or self.path not in path:
            return False
        self.seen += 1
        if self.seen <= self.after:
            return False
        self.began = self.began or time.monotonic()
        if self.seconds and time.monotonic() - self.began >= self.seconds:
            return False
        if self.requests and self.struck >= self.requests:
            return False
        self.struck += 1
        return True


Answer = tuple[int, dict[str, str], bytes]  # status, headers, body


class Request(NamedTuple):
    """A request that was made, and the seconds of its beginning and end."""

    method: str
    path: str
    began: float
    ended: float


class StoreProxy:
    """A store whose answers are those of a server behind it, but for what rules say.

    Attributes:
        url: of the proxy.
        requests: made since `arm`.
    """

    def __init__(self, port: int) -> None:
        self.requests: list[Request] = []
        self.rules: tuple[StoreRule, ...] = ()
        self._lock, self.behind = threading.Lock(), port
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def arm(self, rules: Sequence[StoreRule] = ()) -> None:
        """Begin a schedule, and the list of requests anew."""
        with self._lock:
            self.rules, self.requests = tuple(rules), []

    def struck(self, method: str, path: str) -> StoreRule | None:
        """Return the rule that meets a request."""
        with self._lock:
            return next((rule for rule in self.rules if rule.strikes(method, path)), None)

    def told(self, request: Request) -> None:
        """Keep a request."""
        with self._lock:
            self.requests.append(request)

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Return what the server behind it says."""
        behind = http.client.HTTPConnection("127.0.0.1", self.behind, timeout=60)
        try:
            behind.request(method, path, body or None, dict(headers))
            got = behind.getresponse()
            return got.status, dict(got.getheaders()), got.read()
        finally:
            behind.close()

    def end(self) -> None:
        """Take no more requests."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def serial(self) -> int:
        """How many requests came one after the other: of those that were under way at once, one."""
        with self._lock:
            made = sorted(self.requests, key=lambda request: request.ended)
        count, free = 0, -1.0
        for request in made:
            if request.began >= free:
                count, free = count + 1, request.ended
        return count


def _handler(proxy: StoreProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError):
                super().handle()

        def _take(self) -> None:
            began, method = time.monotonic(), self.command
            body = self._body()
            rule = proxy.struck(method, self.path)
            if rule is not None and rule.effect == "slow":
                time.sleep(float(rule.value))  # type: ignore[arg-type]
            if rule is not None and rule.effect == "reset":
                linger = struct.pack("ii", 1, 0)  # the connection is not closed but reset
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.close_connection = True
                self.connection.close()
                return
            if rule is not None and rule.effect == "status" and isinstance(rule.value, tuple):
                status, code = rule.value
                told = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}: on purpose</Message></Error>"
                answer = status, {"Content-Type": "application/xml"}, b"" if method == "HEAD" else told.encode()
            elif rule is not None and rule.effect == "garbage":
                answer = 200, {"Content-Type": "text/html"}, b"<html>Log in to this network</html>"
            else:
                headers = {name: value for name, value in self.headers.items() if name.lower() not in _OF_A_HOP}
                answer = proxy.answer(method, self.path, headers, body)
            self._send(*answer, is_cut=rule is not None and rule.effect == "cut")
            proxy.told(Request(method, self.path, began, time.monotonic()))

        def _body(self) -> bytes:
            if self.headers.get("Expect", "").lower() == "100-continue":
                self.send_response_only(100)
                self.end_headers()
            if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                pieces = []
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    pieces.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(pieces)
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def _send(self, status: int, headers: Mapping[str, str], body: bytes, is_cut: bool) -> None:
            self.send_response_only(status)
            told = {name: value for name, value in headers.items() if name.lower() not in _OF_A_HOP}
            length = next((value for name, value in told.items() if name.lower() == "content-length"), None)
            for name, value in told.items():
                self.send_header(name, value)
            if length is None:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "HEAD":
                return
            self.wfile.write(body[: len(body) // 2] if is_cut else body)
            if is_cut:
                self.close_connection = True

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _take  # noqa: N815 - names of http.server

    return Handler


@contextmanager
def store_proxy() -> Iterator[StoreProxy]:
    """Give a proxy before an S3 server in a process of its own."""
    server = subprocess.Popen(
        [sys.executable, "-c", _MOTO],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    proxy = None
    try:
        proxy = StoreProxy(int(server.stdout.readline()))
        yield proxy
    finally:
        if proxy is not None:
            proxy.end()
        server.stdin.close()
        server.kill()
        server.wait()
        server.stdout.close()


def credentials(url: str) -> dict[str, str]:
    """Return the environment in which s3:// leads to a store of this machine."""
    return {
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
    }


def drawn(random_: random.Random, most: int) -> StoreRule:
    """Draw a rule for a job that makes so many requests."""
    effect = random_.choices(EFFECTS, (10, 3, 2, 2, 1))[0]
    methods = random_.choice((METHODS, METHODS, ("GET", "HEAD"), ("PUT", "POST"), (random_.choice(METHODS),)))
    after = random_.choice((0, random_.randrange(most), int(most ** random_.random()) - 1))
    seconds, requests = (random_.choice((0.1, 0.5, 2.0)), 0) if random_.random() < 0.5 else (0.0, 0)
    if not seconds:
        requests = random_.choice((1, 1, 2, 5, 20))
    value: tuple[int, str] | float = random_.choice(TROUBLE) if effect == "status" else random_.choice((0.01, 0.2))
    return StoreRule(methods, "", effect, value, after, seconds, requests)
