"""The report shows what the network was given: the very pictures of its batches."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from augkit.train import train
from augkit.train.batches.stream import draws_of, in_order
from augkit.train.report.seen_pictures import MOST, seen, seen_html
from augkit.train.trainer import begin, reproducible
from support import trainings
from support.html_page import Page


@pytest.mark.parametrize("is_frozen", [False, True])
def test_what_is_shown_was_in_the_batches(is_frozen: bool, tmp_path: Path) -> None:
    """From scratch the second picture is that of the second epoch, of a frozen network that of the second view."""
    wanted = trainings.settings(trainings.fill(tmp_path / "data"), tmp_path / "run", pipeline="light")
    with reproducible():
        ready = trainings.prepared(wanted)
        _, evaluators = begin(ready)
        stream, count = evaluators["train"].stream, len(ready.truths["train"])
        with closing(stream.pool):
            labels = [str(place) for place in range(count)]
            found = seen(stream, labels, 3 if is_frozen else 0, 3)
            draws = in_order(count, 1) if is_frozen else draws_of(count, 8, wanted.seed, 1)
            batches = [batch[0] for batch in stream.batches(draws)]
    pictures = {
        draw.index: picture
        for some, batch in zip(draws, batches, strict=True)
        for draw, picture in zip(some, batch, strict=True)
    }
    assert [len(one.copies) for one in found] == [3] * MOST
    for one in found:
        assert one.id == stream.sources[int(one.label)].id
        assert (one.copies[1] == pictures[int(one.label)].permute(1, 2, 0).numpy()).all()
        assert (one.copies[1] != one.copies[0]).any()


@pytest.mark.slow
def test_the_report_shows_it_where_something_was_augmented(tmp_path: Path) -> None:
    data = trainings.fill(tmp_path / "data")
    for name, pipeline in (("plain", None), ("light", "light")):
        found = train(trainings.settings(data, tmp_path / name, pipeline=pipeline, epochs=2))
        page = Page(Path(found.report).read_text())
        shown = [image["alt"] for image in page.under("img") if (image["alt"] or "").endswith(("original", "copy 2"))]
        assert ("What the network saw" in page.text) == (pipeline is not None)
        assert len(shown) == 2 * MOST * (pipeline is not None)
        assert page.text.index("Configuration") > page.text.rfind("What the network saw")


def test_nothing_is_shown_of_an_original_that_cannot_be_read(tmp_path: Path) -> None:
    from augkit.errors import FileError
    from augkit.train.report.seen_pictures import Seen

    def gone(id: str) -> None:
        raise FileError("must be readable, got: No such file.", id)

    page = Page(seen_html([Seen("a.png", "cat", (trainings.drawn("spots", 0),) * 2)], gone))  # type: ignore[arg-type]
    assert [image["alt"] for image in page.under("img")] == ["a.png, copy 1", "a.png, copy 2"]
