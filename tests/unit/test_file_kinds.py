"""The laws of kinds of files: content decides, and a suffix that fits stays."""

import pytest

from augkit.datasets.naming import is_picture
from augkit.images import kind_of, probe, suffix_of
from augkit.images.file_kinds import HEAD_BYTES, KINDS as SUFFIXES
from support.encoded import KINDS, REFUSED


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_gets_the_suffix_of_what_it_is(kind: str) -> None:
    data = KINDS[kind][0]
    found = kind_of(data[:HEAD_BYTES])
    assert found is not None
    assert {"pgm": "ppm", "pbm": "ppm"}.get(found, found) == probe(data).format
    suffix = suffix_of(data[:HEAD_BYTES])
    assert is_picture(f"a{suffix}")
    for fitting in SUFFIXES[found]:
        assert suffix_of(data, fitting.upper()) == fitting.upper()
    for other in (".txt", "", ".heic"):
        assert suffix_of(data, other) == suffix


@pytest.mark.parametrize("kind", ["text", "zeros", "random bytes", "nothing", "an icon", "postscript"])
def test_what_is_no_picture_keeps_its_suffix(kind: str) -> None:
    data = REFUSED[kind][0]
    assert kind_of(data) is None
    assert suffix_of(data, ".odd") == ".odd"
    assert suffix_of(data) == ""


@pytest.mark.parametrize(
    ("head", "suffix"),
    [
        (b"\0\0\0\x1cftypavif\0\0\0\0mif1avif", ".avif"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0avifmiaf", ".avif"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", ".heic"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", ".heic"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", ""),  # a film
        (bytes(128) + b"DICM", ".dcm"),
        (b"II+\0\x08\0\0\0", ".tif"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", ".jp2"),
        (b"\xff\x0a", ".jxl"),
        (b"P4\n8 8\n", ".pbm"),
    ],
)
def test_forms_that_need_an_extra_are_known_by_their_content(head: bytes, suffix: str) -> None:
    assert suffix_of(head) == suffix
    assert not suffix or is_picture("A" + suffix.upper())
