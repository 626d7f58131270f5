"""The page of `augkit show`: the sheet's pictures and words, with nothing beside it."""

import re
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import augkit as ak
from augkit.cli import app
from augkit.errors import ArgumentError
from augkit.images import decode, encode
from augkit.preview import contact_page, explain
from augkit.preview.canvas import kinds, marked, picture
from augkit.preview.html_page import SIDE_PX
from augkit.preview.numbers import numbers
from support.pictures import boxed_sample, noise

PIPELINE = ak.Pipeline([ak.RandomCrop((60, 80)), ak.Maybe(0.5, ak.Mirror()), ak.Rotate()], border="constant")
SAMPLES = [boxed_sample((100, 120), noise((100, 120), seed=n)).changed(id=f"{n} <b>&.png") for n in range(2)]


class Read(HTMLParser):
    """A page as it is read: pictures, tags and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data + "\n"


def test_every_picture_is_the_copy_that_its_key_draws() -> None:
    page = Read(contact_page(SAMPLES, PIPELINE, 3, seed=5))
    assert page.tags.count("img") == len(page.sources) == 8
    known = kinds(SAMPLES, PIPELINE.policy)
    for place, source in enumerate(page.sources):
        sample, copy = SAMPLES[place // 4], place % 4 - 1
        plan = PIPELINE.draw(ak.Key(5, sample.id, copy), ak.Scene.of(sample)) if copy >= 0 else None
        made = ak.run(plan, sample) if plan else sample
        shown = decode(b64decode(source.removeprefix("data:image/png;base64,"))).image
        np.testing.assert_array_equal(shown, marked(picture(made, SIDE_PX), made, known))
        for word in numbers(plan) if plan else [sample.id]:
            assert word in page.text


def test_it_needs_nothing_beside_it_and_runs_nothing() -> None:
    text = contact_page(SAMPLES, PIPELINE, 1, title="<script>alert(1)</script>")
    page = Read(text)
    assert not {"script", "link", "iframe", "b&.png"} & set(page.tags)
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert not re.search(r"https?:|url\(|@import", text)
    assert "0 <b>&.png" in page.text
    assert text == contact_page(SAMPLES, PIPELINE, 1, title="<script>alert(1)</script>")


def test_it_says_what_the_pipeline_does() -> None:
    text = Read(contact_page(SAMPLES, PIPELINE, 1)).text
    assert all(line in text for _, line in explain(PIPELINE))


@pytest.mark.parametrize(("samples", "copies"), [([], 1), (SAMPLES, 0)])
def test_nothing_to_show_is_refused(samples: list[ak.Sample], copies: int) -> None:
    with pytest.raises(ArgumentError, match=r"must .* at least"):
        contact_page(samples, PIPELINE, copies)


def test_the_command_writes_it(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode(noise((40, 50)), "png"))
    out = tmp_path / "page.html"
    given = ["show", str(tmp_path / "a.png"), "--pipeline", "light", "--copies", "2", "-o", str(out)]
    told = CliRunner().invoke(app, given)
    assert told.exit_code == 0, told.output
    assert Read(out.read_text()).tags.count("img") == 3
