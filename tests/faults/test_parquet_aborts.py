"""Parquet files on which pyarrow's C++ aborts its process: a sentence of every command, and of Python."""

from __future__ import annotations

import re
import resource
import sys
from base64 import b85decode
from pathlib import Path
from zlib import decompress

import pytest

from augkit.datasets import Cell, read
from augkit.datasets.places import read_place
from augkit.errors import FileError
from augkit.storage.root import Folder
from support.commands import augkit
from support.data_sets import PNG, lay, parquet_of

pytest.importorskip("pyarrow", reason="Parquet is not tested without pyarrow")

# A column of one row, written by pyarrow 25, and one bit of its footer changed: asked for the column's codec, it ends
# in std::terminate.
ABORTS = decompress(
    b85decode(
        "c-jka3^EjD5LFXZ(-CC?GT21fWEdD2m_V436G$d16l5lsloq9mvPkNfGDxr$CugMQCW<mKi1Mf~Nw8+-CZ?w{h%rgZNXn=&$cXYts<JUi"
        "Ld8Xa5@J4LK587EGC;!_fVynNge2J{)xb6YrI^$>#C#Yu6bcfH3QJQ<bdw7TbQ6n;^2-&<Qj3Z+^Yavp%=8TO3?*ei&T0YT0HBKj4VoX&"
    )
)
SENTENCE = r"a\.parquet: must be whole, but crashed the process that read it \(SIGABRT\)"
COMMANDS = (
    "expand src out --pipeline six --copies 1",
    "show src --pipeline six -o sheet.png",
    "train src --out run",
)


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words.partition(" ")[0])
def test_an_abort_is_a_sentence_of_every_command(words: str, tmp_path: Path) -> None:
    lay(tmp_path, {"src/a.parquet": ABORTS})
    ended = augkit(*words.split(), cwd=tmp_path, code=2)
    assert re.search(SENTENCE, ended.stderr)


def test_an_abort_is_a_sentence_in_python(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=SENTENCE):
        read(lay(tmp_path, {"a.parquet": ABORTS}))


def test_a_picture_of_a_file_that_was_damaged_since(tmp_path: Path) -> None:
    rows = [{"image": {"bytes": PNG, "path": f"{number}.png"}} for number in range(3)]
    data = read(lay(tmp_path, {"a.parquet": parquet_of(rows, compression="zstd")}))
    assert [data.read(source.place) for source in data.sources if isinstance(source.place, Cell)] == [PNG] * 3
    (tmp_path / "a.parquet").write_bytes(ABORTS)
    with pytest.raises(FileError, match=SENTENCE):
        read_place(Folder(tmp_path), Cell("a.parquet", "image", 0, 0))


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are kept by Linux")
def test_few_bytes_that_ask_for_gigabytes(tmp_path: Path) -> None:
    """A dictionary of one picture of 4 MB, that 2,000 rows name: 8 GB out of some hundred bytes."""
    import pyarrow
    from pyarrow import parquet

    rows = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * 2000, pyarrow.int32()), [b"x" * (4 << 20)])
    parquet.write_table(pyarrow.table({"image": rows}), tmp_path / "a.parquet", compression="zstd", store_schema=False)
    assert (tmp_path / "a.parquet").stat().st_size < 1000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(FileError, match=r"a\.parquet: must be read in 1 GiB of memory, and asks for more"):
        read(tmp_path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + (100 << 10)
