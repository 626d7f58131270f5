"""Security, URLs: a table's pictures are asked for with leave alone, and never of this machine or its network."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from augkit.datasets import read
from augkit.errors import AugkitError, FileError, Unreachable
from augkit.expand import replay, verify
from augkit.images import encode
from augkit.storage import web_files
from augkit.storage.web_files import fetched, is_own, is_public
from support.commands import augkit
from support.data_sets import PNG, lay
from support.folders import done, lines, outputs, picture, tree
from support.web_server import WebServer, web_server

SMALL = encode(picture(7), "png")


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    """A server that may be asked, as if it stood elsewhere; all else is judged as ever."""
    monkeypatch.setattr(web_files, "is_public", lambda address: address == "127.0.0.1" or is_public(address))
    monkeypatch.setattr(web_files, "is_own", lambda _: False)
    with web_server() as served:
        served.answers = {"/a.png": PNG, "/deep/b.png": SMALL}
        yield served


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Keep a list of whom one tried to connect to, which nobody reaches."""
    tried: list[object] = []

    def connect(where: object, *_: object, **__: object) -> None:
        tried.append(where)
        raise OSError("nobody may be asked")

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr(socket.socket, "connect", lambda _, where: connect(where))
    return tried


def table(root: Path, *urls: str, **more: Any) -> Path:
    rows = [{"image": url, "label": f"c{number % 2}", **more} for number, url in enumerate(urls)]
    return lay(root, {"list.jsonl": "".join(f"{json.dumps(row)}\n" for row in rows)}) / "list.jsonl"


def test_urls_without_leave(silent: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("a name was asked for"))
    alone = table(tmp_path / "alone", "https://example.org/a.png", "http://example.org/b.png")
    for source in (alone, alone.parent):
        with pytest.raises(AugkitError):
            read(source)
    with pytest.raises(FileError, match="--allow-urls"):
        read(alone)
    mixed = table(tmp_path / "mixed", "x.png", "https://example.org/a.png")
    lay(mixed.parent, {"x.png": PNG})
    assert [bool(source.fault) for source in read(mixed).sources] == [True, False]
    assert done(mixed, tmp_path / "out", max_rejected=1.0).rejected == 3
    for form, content in {"coco": {"images": [{"id": 1, "file_name": "https://example.org/a.png"}]}}.items():
        with pytest.raises(AugkitError):
            read(lay(tmp_path / form, {"x.json": content | {"annotations": [], "categories": []}}) / "x.json")
    assert not silent


def test_urls_with_leave(web: WebServer, tmp_path: Path) -> None:
    source = table(tmp_path / "src", f"{web.url}/a.png", f"{web.url}/deep/b.png", "here.png")
    lay(source.parent, {"here.png": PNG})
    augkit("expand", source, tmp_path / "out", "--pipeline", "identity", "--copies", 1, "--workers", 0, "--allow-urls")
    assert verify(tmp_path / "out").is_sound
    assert {line["source"] for line in lines(tmp_path / "out")} == {
        f"{web.url}/a.png",
        f"{web.url}/deep/b.png",
        "here.png",
    }
    before = tree(tmp_path / "out")
    done(source, tmp_path / "again", 1, pipeline="identity", allow_urls=True)
    assert tree(tmp_path / "again") == before
    (remote,) = (line for line in lines(tmp_path / "out") if line["source"] == f"{web.url}/a.png")
    with pytest.raises(FileError, match="--allow-urls"):
        replay(tmp_path / "out", remote["id"])
    assert replay(tmp_path / "out", remote["id"], allow_urls=True).is_identical
    assert not read(source, allow_urls=True).notes
    for words in (("split", source), ("show", source, "--pipeline", "identity", "-o", tmp_path / "s.png")):
        augkit(*words, "--allow-urls")
    csv = lay(tmp_path / "src", {"l.csv": f"id,url,label\n1,{web.url}/a.png?size=2,x\n2,here.png,y\n"}) / "l.csv"
    found = read(csv, allow_urls=True)
    assert [found.read(one.place or one.id) for one in found.sources] == [PNG, PNG]


def test_boxes_in_fractions_of_a_picture_behind_a_url(web: WebServer, tmp_path: Path) -> None:
    text = f"image,xmin,ymin,xmax,ymax,label\n{web.url}/a.png,0.25,0.5,0.5,1.0,cat\n"
    data = read(lay(tmp_path, {"l.csv": text}) / "l.csv", allow_urls=True)
    annotations = data.sources[0].annotations
    assert annotations is not None
    assert [one.box for one in annotations.instances or ()] == [(8.0, 12.0, 16.0, 24.0)]


OWN = (
    *("127.0.0.1", "127.1", "127.255.255.254", "0.0.0.0", "0", "localhost", "localhost.", "LOCALHOST", "2130706433"),
    *("0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "１２７.0.0.1", "127。0。0。1", "[::1]", "[::]"),
    *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[2002:7f00:1::]", "[64:ff9b::7f00:1]", "[fe80::1]"),
    *("[2001:0:53aa:64c::80ff:fffe]", "169.254.169.254", "[fd00:ec2::254]", "10.0.0.1", "172.16.0.1", "192.168.0.1"),
    *("100.64.0.1", "192.0.0.192", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "[ff02::1]"),
    *("168.63.129.16", "[fec0::1]", "[64:ff9b:1::1]", "[::a00:1]"),
    *("here.example", "both.example", socket.gethostname()),
)


def test_addresses_of_this_machine_and_its_network(
    silent: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, known = socket.getaddrinfo, {"here.example": ("127.0.0.1",), "both.example": ("93.184.215.14", "10.0.0.7")}

    def resolved(host: str, port: int, **more: Any) -> Any:
        names = known.get(host)
        return [entry for name in names or (host,) for entry in real(name, port, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    for host in OWN:
        for scheme in ("http", "https"):
            with pytest.raises((FileError, Unreachable)) as caught:
                fetched(f"{scheme}://{host}:8080/a.png")
            assert not silent, host
            assert isinstance(caught.value, Unreachable) or "must lie in the public web" in str(caught.value), host
    source = table(tmp_path, *(f"http://{host}/{number}.png" for number, host in enumerate(("127.0.0.1", "[::1]"))))
    assert done(source, tmp_path / "out", 1, allow_urls=True, max_rejected=1.0).rejected == 2
    assert not silent


def test_a_public_address_of_this_machine_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_files, "is_public", lambda _: True)
    with web_server() as served:
        served.answers = {"/a.png": PNG}
        with pytest.raises(FileError, match="an address of this machine"):
            fetched(f"{served.url}/a.png")
        assert not served.asked
        with socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2]))) as line:
            assert is_own(line)


def test_https(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A certificate is asked for, and judged by the name in the URL, not by the address that was connected to."""
    x509 = pytest.importorskip("cryptography.x509", reason="https is not tested without cryptography")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), 7, now - timedelta(1), now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    held = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + signed.public_bytes(pem)
    (tmp_path / "held.pem").write_bytes(held)
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(tmp_path / "held.pem")
    monkeypatch.setattr(web_files, "is_public", lambda _: True)
    monkeypatch.setattr(web_files, "is_own", lambda _: False)
    with web_server(own) as served:
        served.answers = {"/a.png": PNG}
        with pytest.raises(Unreachable, match=r"must be reachable, got: .*certificate"):
            fetched(f"{served.url}/a.png")
        trusting = ssl.create_default_context(cadata=signed.public_bytes(pem).decode())
        monkeypatch.setattr(web_files, "_tls", lambda: trusting)
        assert fetched(f"{served.url}/a.png") == PNG
        with pytest.raises(Unreachable, match="must be reachable, got: "):
            fetched(f"{served.url.replace('localhost', '127.0.0.1')}/a.png")
        assert served.paths == ["/a.png"]


def redirect(to: str, status: int = 302) -> Any:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Location", to)
        handler.end_headers()

    return answer


def test_redirects(web: WebServer) -> None:
    web.answers |= {
        "/meta": redirect("http://169.254.169.254/latest/meta-data/"),
        "/loop": redirect("/loop"),
        "/file": redirect("file:///etc/passwd"),
        "/ftp": redirect("ftp://example.org/a.png"),
        "/user": redirect(f"http://a:b@{web.url[7:]}/a.png"),
        "/port": redirect("http://127.0.0.1:22/"),
        "/once": redirect("/twice", 301),
        "/twice": redirect("a.png", 307),
        "/odd": redirect("http://[::1"),
    }
    assert fetched(f"{web.url}/once") == PNG
    for path, words in {
        "meta": "public web", "loop": "5 redirects", "file": "http or https", "ftp": "http or https",
        "user": "user's name", "port": "port 80, 443", "odd": "malformed",
    }.items():  # fmt: skip
        with pytest.raises(FileError, match=words):
            fetched(f"{web.url}/{path}")


@pytest.mark.parametrize(
    "url",
    ["ftp://example.org/a.png", "file:///etc/passwd", "http:///a.png", "http://[::1/a.png", "http://h:99999/a.png",
     "https://example.org:25/a.png", "gopher://example.org/", "http://h:x/a.png", "s3://bucket/a.png"],
)  # fmt: skip
def test_urls_of_other_kinds(url: str, silent: list[object], tmp_path: Path) -> None:
    with pytest.raises(FileError, match="must "):
        fetched(url)
    source = table(tmp_path, "x.png", url)
    lay(tmp_path, {"x.png": PNG})
    with suppress(FileError):
        assert sum(bool(one.fault) or one.place is not None for one in read(source, allow_urls=True).sources) == 1
    assert not silent


def sent(*pieces: bytes, pause_s: float = 0.0, status: int = 200, **headers: str) -> Any:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        try:
            for piece in pieces:
                handler.wfile.write(piece)
                handler.wfile.flush()
                time.sleep(pause_s)
        except OSError:
            pass

    return answer


def dripped(handler: BaseHTTPRequestHandler) -> None:
    """Send headers without an end, a byte at a time."""
    try:
        for byte in b"HTTP/1.0 200 OK\r\nX: " + b"x" * 500:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(0.02)
    except OSError:
        pass


def test_answers_out_of_bounds(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_files, "MOST_BYTES", 100_000)
    monkeypatch.setattr(web_files, "WHOLE_S", 0.4)
    web.answers |= {
        "/long": sent(b"x", Content_Length=str(10**12)),
        "/endless": sent(*[bytes(50_000)] * 5),
        "/gzip": sent(b"x", Content_Encoding="gzip"),
        "/cut": sent(b"x" * 10, Content_Length="1000"),
        "/slow": sent(*[b"x"] * 50, pause_s=0.05),
        "/drip": dripped,
        "/503": sent(status=503),
        "/403": sent(status=403),
        "/410": sent(status=410),
        "/206": sent(b"x", status=206),
    }
    for path, (kind, words) in {
        "long": (FileError, "at most 100,000"), "endless": (FileError, "at most 100,000"), "404": (FileError, "404"),
        "cut": (Unreachable, "1,000 bytes, got 10"), "slow": (Unreachable, "in time"), "drip": (Unreachable, "in time"),
        "503": (Unreachable, "503"), "403": (Unreachable, "403"), "410": (FileError, "410"),
        "gzip": (FileError, "packed"), "206": (Unreachable, "206"),
    }.items():  # fmt: skip
        start = time.monotonic()
        with pytest.raises(kind, match=words) as caught:
            fetched(f"{web.url}/{path}")
        assert type(caught.value) is kind, path
        assert time.monotonic() - start < 2.0, path


SECRETS = ("hunter2", "sesame", "c0ffee")


def test_secrets_of_urls(web: WebServer, tmp_path: Path) -> None:
    host = web.url.removeprefix("http://")
    web.answers |= {f"/{number}.png": encode(picture(number), "png") for number in range(3)}

    def urls(token: str) -> list[str]:
        signed = f"X-Amz-Algorithm=A&X-Amz-Signature={token}&X-Amz-Security-Token={token}"
        return [
            f"http://me:{token}@{host}/0.png",
            f"http://{host}/1.png?size=2&sig={token}",
            f"http://{host}/2.png?{signed}",
        ]

    source = table(tmp_path / "src", *urls("hunter2"))
    options = ("--pipeline", "identity", "--copies", 1, "--workers", 0, "--allow-urls", "--max-rejected", 1)
    told = [augkit("expand", source, tmp_path / "out", *options)]
    assert any("hunter2" in path for path in web.paths)
    assert any(headers.get("Authorization") == "Basic bWU6aHVudGVyMg==" for _, headers in web.asked)
    before = tree(tmp_path / "out")
    table(tmp_path / "src", *urls("sesame"))
    (tmp_path / "out/.augkit/done.json").unlink()
    told.append(augkit("expand", source, tmp_path / "out", *options))
    assert tree(tmp_path / "out") == before
    made = outputs(tmp_path / "out")
    for line in lines(tmp_path / "out"):
        assert replay(tmp_path / "out", line["id"], source, allow_urls=True).data == made[line["id"]]
    del web.answers["/1.png"]
    table(tmp_path / "src", *urls("c0ffee"))
    told.append(augkit("expand", source, tmp_path / "bad", *options))
    written = [
        path.read_bytes() for folder in ("out", "bad") for path in (tmp_path / folder).rglob("*") if path.is_file()
    ]
    shown = [text.encode() for one in told for text in (one.stdout, one.stderr)]
    assert not [secret for secret in SECRETS for text in (*written, *shown) if secret.encode() in text]
    names = [path.name for folder in ("out", "bad") for path in (tmp_path / folder).rglob("*")]
    assert not [secret for secret in SECRETS for name in names if secret in name]
