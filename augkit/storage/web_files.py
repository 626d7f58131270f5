"""Web files: pictures behind http and https URLs, asked for by a process that a stranger's table may not send anywhere.

A URL is followed to public addresses alone: never to this machine, its network, or what a cloud keeps beside a machine
for it alone. The address is judged after the name was resolved, in whatever form it was written, and it is that address
which is connected to; every redirect is judged anew. Proxies of the environment are not asked: they resolve names.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Timer
from time import monotonic
from typing import NamedTuple
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit, urlunsplit

from augkit.errors import FileError, Unreachable, reason_of

MOST_BYTES = 1 << 28
MOST_REDIRECTS = 5
STEP_S, WHOLE_S = 10.0, 30.0  # of one answer of the network, and of a picture
_PORTS = {"http": 80, "https": 443}
_FIRST_FREE_PORT = 1024  # below are other services, but for the two above
_REDIRECTS = (301, 302, 303, 307, 308)
_GONE = (400, 404, 405, 406, 410, 414, 451)  # which say that there is no such picture
_NAT64 = IPv6Network("64:ff9b::/96")
# What `ipaddress` of some versions takes for public: special networks, and clouds' own services for a machine.
_SPECIAL = tuple(
    map(
        ip_network,
        ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "64:ff9b:1::/48", "3fff::/20", "5f00::/16", "fec0::/10"),
    )
)
_PIECE = 1 << 16
# Keys of queries that tell one picture from another; any other may sign, or give rights.
_TELLING = re.compile(
    r"((image|img|photo|picture|pic|file|doc|asset|media|item|object|uu|gu)?_?id|(file|image)?_?name|file|path|src|page|"
    r"index|size|width|height|w|h|q|quality|format|fm|fmt|fit|crop|dpr|scale|zoom|version|rev|v|n|i|raw|dl|download|type)=",
    re.IGNORECASE,
)
_SAFE = "%/:=&?~+!$,;'@()*[]"  # in the path and the query of a URL, as they stand


class _Redirect(NamedTuple):
    url: str


def is_url(text: object) -> bool:
    """Return whether a text is the URL of a file in the web.

    >>> is_url("https://example.org/a.jpg"), is_url("file:///etc/a.jpg")
    (True, False)
    """
    return isinstance(text, str) and text.lower().startswith(("http://", "https://"))


def without_rights(url: str) -> str:
    """Return a URL as books know a picture by it: without a user, and with what tells pictures apart in its query.

    >>> without_rights("https://me:pass@example.org/a.jpg?size=2&token=abc#x")
    'https://example.org/a.jpg?size=2'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "a malformed URL"
    kept = [part for part in parts.query.split("&") if _TELLING.match(part)]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "&".join(kept), ""))


def fetched(url: str) -> bytes:
    """Return what lies behind a URL.

    Raises:
        FileError: it is none, leads to an address that is not public, or there is nothing, or too much.
        Unreachable: nobody answers now, or only in part, or who asks may not have it.
    """
    until, where, told = monotonic() + WHOLE_S, url, without_rights(url)
    for _ in range(MOST_REDIRECTS + 1):
        answer = _answer(where, told, until)
        if isinstance(answer, bytes):
            return answer
        if where.lower().startswith("https:") and not answer.url.lower().startswith("https:"):
            raise FileError("must stay on https, got a redirect to http.", told)
        if "@" in urlsplit(answer.url).netloc:
            raise FileError("must lead to a picture, got a redirect with a user's name.", told)
        where = answer.url
    raise FileError(f"must lead to a picture, got more than {MOST_REDIRECTS} redirects.", told)


def require_public(url: str) -> None:
    """Refuse a URL of another library's to be asked for, if its host is none of the public web.

    Raises:
        FileError: it is malformed, or leads to this machine or its network.
        Unreachable: nobody knows the host now.
    """
    told = without_rights(url)
    parts, port = _checked(url, told)
    try:
        _addresses(parts.hostname or "", port, told)
    except (OSError, UnicodeError) as fault:
        raise Unreachable(f"must be reachable, got: {reason_of(fault)}.", told) from fault


def _answer(url: str, told: str, until: float) -> bytes | _Redirect:
    """Return the content, or where it is said to lie."""
    parts, port = _checked(url, told)
    host = parts.hostname or ""
    line: socket.socket | None = None
    try:
        with _connected(_addresses(host, port, told), port, until) as connected:
            if is_own(connected):
                raise _refused(host, told)
            line = connected.dup()  # which ends it from another thread, whoever holds the other
            timer = Timer(max(until - monotonic(), 0.1), _hang_up, (line,))
            timer.daemon = True
            timer.start()
            try:
                answer = _asked(connected, parts, port, url, told)
                if monotonic() >= until:  # what was hung up on may look whole
                    raise Unreachable("must answer with a picture, got nothing in time.", told)
                return answer
            finally:
                timer.cancel()
    except http.client.HTTPException as fault:
        late = "nothing in time" if monotonic() >= until else f"{type(fault).__name__}"
        raise Unreachable(f"must answer with a picture, got {late}.", told) from fault
    except (OSError, UnicodeError) as fault:
        reason = "nothing in time" if monotonic() >= until else getattr(fault, "strerror", None) or fault
        raise Unreachable(f"must be reachable, got: {reason}.", told) from fault
    finally:
        if line is not None:
            line.close()


def _checked(url: str, told: str) -> tuple[SplitResult, int]:
    """Return the parts and the port of a URL that may be asked."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:  # of brackets or a port
        raise FileError("must be a URL, got one that is malformed.", told) from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise FileError(f"must be an http or https URL, got {parts.scheme or 'none'!r:.20}.", told)
    if port not in _PORTS.values() and port < _FIRST_FREE_PORT:
        raise FileError(f"must name port 80, 443 or one from {_FIRST_FREE_PORT:,} on, got {port}.", told)
    return parts, port


def _connected(addresses: Sequence[str], port: int, until: float) -> socket.socket:
    """Return a connection to the first of some addresses that answers."""
    for number, address in enumerate(addresses, 1):
        try:
            return socket.create_connection((address, port), min(STEP_S, max(until - monotonic(), 0.1)))
        except OSError:
            if number == len(addresses):
                raise
    raise OSError("no address")


def _addresses(host: str, port: int, told: str) -> list[str]:
    """Return the addresses of a host, all of which are public."""
    found = [str(known[4][0]) for known in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not found or not all(map(is_public, found)):
        raise _refused(host, told)
    return list(dict.fromkeys(found))


def _refused(host: str, told: str) -> FileError:
    what = f"must lie in the public web, got {host!r:.80}, an address of this machine or of its network"
    return FileError(f"{what}. Copy the picture into the data set.", told)


def is_public(address: str) -> bool:
    """Return whether an address, in its numeric form, is one of the public web; also one that wraps another.

    >>> [is_public(one) for one in ("93.184.215.14", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1")]
    [True, False, False, False, False]
    """
    ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if wrapped is None and (ip in _NAT64 or int(ip) >> 32 == 0):
            wrapped = IPv4Address(int(ip) & 0xFFFFFFFF)
        if wrapped is not None:
            ip = wrapped
    if any(ip in network for network in _SPECIAL):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_loopback or ip.is_link_local)


def is_own(connected: socket.socket) -> bool:
    """Return whether a connection leads to this very machine, by whichever of its addresses."""
    return bool(connected.getsockname()[0] == connected.getpeername()[0])


def _joined(url: str, to: str, told: str) -> str:
    try:
        return urljoin(url, to)
    except ValueError:
        raise FileError("must lead to a picture, got a redirect to a malformed URL.", told) from None


def _plain(host: str) -> str:
    """Return a host's name as the network has it."""
    return host if host.isascii() else host.encode("idna").decode()


def _hang_up(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _asked(connected: socket.socket, parts: SplitResult, port: int, url: str, told: str) -> bytes | _Redirect:
    host = _plain(parts.hostname or "")
    connection: http.client.HTTPConnection
    if parts.scheme == "http":
        connection = http.client.HTTPConnection(host, port)
        connection.sock = connected
    else:
        connection = http.client.HTTPSConnection(host, port, context=_tls())
        connection.sock = _tls().wrap_socket(connected, server_hostname=host)
    path = quote(parts.path or "/", safe=_SAFE) + (f"?{quote(parts.query, safe=_SAFE)}" if parts.query else "")
    headers = {"Accept": "image/*, */*;q=0.5", "Accept-Encoding": "identity", "Connection": "close"}
    headers |= {"User-Agent": "augkit"}
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {b64encode(user.encode()).decode()}"
    try:
        connection.request("GET", path, headers=headers)
        with connection.getresponse() as response:
            if response.status in _REDIRECTS and (to := response.getheader("Location")):
                return _Redirect(_joined(url, to, told))
            if response.status != http.HTTPStatus.OK:
                kind = FileError if response.status in _GONE else Unreachable
                raise kind(f"must be a picture, got the answer {response.status} {response.reason:.40}.", told)
            if (coding := response.getheader("Content-Encoding", "identity")) != "identity":
                raise FileError(f"must come as it is, got it packed as {coding!r:.20}.", told)
            return _content(response, told)
    finally:
        connection.close()


def _content(response: http.client.HTTPResponse, told: str) -> bytes:
    wanted, size, pieces = response.length, 0, list[bytes]()
    while (wanted or size) <= MOST_BYTES and (piece := response.read(_PIECE)):
        pieces.append(piece)
        size += len(piece)
    if (wanted or size) > MOST_BYTES:
        raise FileError(f"must be at most {MOST_BYTES:,} bytes, got more.", told)
    if wanted is not None and size < wanted:
        raise Unreachable(f"must give {wanted:,} bytes, got {size:,}.", told)
    return b"".join(pieces)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
