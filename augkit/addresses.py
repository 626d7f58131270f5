"""Addresses of places, such as ``s3://bucket/photos``, as they are told: without what lets somebody in."""

import re

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://((?:(?!::[a-z][a-z0-9+.-]*://)[^\s\"'<>`])*)", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*(://|::)", re.IGNORECASE)
_LINK = re.compile(r"::(?=[a-z][a-z0-9+.-]*://)", re.IGNORECASE)  # between the addresses of a chain of fsspec's
_PUNCTUATION = re.compile(r"[.,:;!)\]}]*\Z")  # which may follow an address in a sentence


def without_secrets(text: str) -> str:
    """Return a text without the users, passwords and queries of the addresses in it.

    A query, ``?token=...``, and what follows a ``#`` go as a whole, since any part of it may be a signature. A user
    without a password stays, as ``abfs://container@account`` needs it, but for HTTP, where it may be a token.

    >>> without_secrets("http://ann:pass@host/a.zip?X-Amz-Signature=1f: must be there, got s3://key:a/b@bucket/x.")
    'http://host/a.zip: must be there, got s3://bucket/x.'
    >>> without_secrets("zip://a.jpg::https://token@host:8080/b.zip"), without_secrets("abfs://photos@account/x?.jpg")
    ('zip://a.jpg::https://host:8080/b.zip', 'abfs://photos@account/x?.jpg')
    """
    return _ADDRESS.sub(_told, text) if "://" in text else text


def shown_address(place: str) -> str:
    """Return a path as it is, and an address, which may hold any letters, without secrets."""
    if "://" not in place or not _SCHEME.match(place):
        return place
    return "::".join(_stripped(*part.split("://", 1)) if "://" in part else part for part in _LINK.split(place))


def _told(found: re.Match[str]) -> str:
    scheme, rest = found.groups()
    end = _PUNCTUATION.search(rest)
    after = end[0] if end else ""
    return _stripped(scheme, rest[: len(rest) - len(after)]) + after


def _stripped(scheme: str, rest: str) -> str:
    is_web = scheme.lower() in ("http", "https")
    host, slash, path = rest.partition("/")
    _, _, name = host.partition(":")
    port = name.rpartition("@")[2].rpartition(":")[2]
    if "@" not in host and name and not port.isdecimal() and "@" in path and not host.startswith("["):
        host, slash, path = rest.rpartition("@")[2].partition("/")  # a password with a slash in it, as AWS gives them
    elif "@" in host and (is_web or ":" in host.rpartition("@")[0]):
        host = host.rpartition("@")[2]
    rest = host + slash + path
    if is_web:
        return f"{scheme}://{re.split('[?#]', rest, maxsplit=1)[0]}"
    before, _, query = rest.partition("?")
    return f"{scheme}://{before if '=' in query else rest}"
