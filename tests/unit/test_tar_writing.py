"""Tars that are appended to are those of Python's tarfile, byte for byte."""

import tarfile
from io import BytesIO

from hypothesis import given, settings, strategies as st

from augkit.storage.tar_writing import TarAppender

NAMES = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=12),
    st.text("ab/.-_ ", min_size=1, max_size=140),
    st.just("x" * 99),
    st.just("x" * 100),
    st.just("x" * 101),
)
MEMBERS = st.lists(st.tuples(NAMES, st.binary(max_size=1100)), max_size=12)


def _by_tarfile(members: list[tuple[str, bytes]]) -> bytes:
    file = BytesIO()
    with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for name, data in members:
            header = tarfile.TarInfo(name)
            header.size = len(data)
            tar.addfile(header, BytesIO(data))
    return file.getvalue()


def _appended(members: list[tuple[str, bytes]]) -> bytes:
    file = BytesIO()
    tar = TarAppender(file)
    for name, data in members:
        tar.add(name, data)
    tar.close()
    return file.getvalue()


@settings(max_examples=300)
@given(MEMBERS)
def test_what_is_appended_is_what_tarfile_writes(members: list[tuple[str, bytes]]) -> None:
    assert _appended(members) == _by_tarfile(members)


def test_names_that_are_no_utf8_are_written_as_tarfile_writes_them() -> None:
    members = [("roses/\udcff.jpg", b"1"), ("rosé.jpg", b""), ("r" * 300, b"2" * 512), ("\udcff" * 120, b"3")]
    assert _appended(members) == _by_tarfile(members)


def test_records_are_filled_up_at_every_length() -> None:
    for size in (0, 1, 511, 512, 513, 8 * 1024, 9 * 1024 - 1, 10 * 1024, 19 * 512, 20 * 512, 21 * 512):
        members = [("a.jpg", bytes(size))]
        assert _appended(members) == _by_tarfile(members)
