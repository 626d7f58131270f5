"""The laws of uniform folders: modes, encodings that fit, colour profiles; and books that agree with what is made."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import DataLoader

import augkit as ak
from augkit.datasets import read as read_data_set
from augkit.errors import ArgumentError, SampleError
from augkit.expand import replay, verify
from augkit.images import decode, encode, encoding_for, in_bytes, in_mode, suffix_of
from augkit.images.colour_profiles import littlecms_version
from augkit.loader import Augmented, folder
from augkit.pipeline import Pipeline, load
from support.commands import augkit
from support.encoded import KINDS, save
from support.folders import done, lines, tree
from support.profiles import ADOBE, RAMP, SRGB

IDENTITY = load("identity")
Pixels = NDArray[Any]


def mixed(root: Path) -> Path:
    """Lay a picture of every kind that is read into a folder."""
    for number, (name, (data, _)) in enumerate(KINDS.items()):
        path = root / "ab"[number % 2] / f"{name.replace(',', '').replace(' ', '-')}{suffix_of(data)}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def luma(image: Pixels) -> Pixels:
    return np.rint(np.round(image.astype(float) @ [0.299, 0.587, 0.114], 6))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_in_each_mode(kind: str) -> None:
    data = KINDS[kind][0]
    plain = decode(data)
    top = 65535.0 if plain.image.dtype == np.uint16 else 255.0
    colours = np.dstack([plain.image] * 3) if plain.image.ndim == 2 else plain.image
    if plain.alpha:
        share = colours[..., 3:] / top
        colours = np.rint(np.round(colours[..., :3] * share + (1 - share) * top, 6))
    rgb, grey = decode(data, "rgb"), decode(data, "grey")
    assert (rgb.alpha, grey.alpha) == (False, False)
    assert rgb.image.dtype == grey.image.dtype == plain.image.dtype
    np.testing.assert_array_equal(rgb.image, colours)
    np.testing.assert_array_equal(grey.image, luma(colours))
    kept = decode(data, "keep")
    np.testing.assert_array_equal(kept.image, plain.image)


def test_modes_by_hand_and_what_they_refuse() -> None:
    red = np.full((1, 1, 4), (255, 0, 0, 51), np.uint8)  # a fifth of red on white
    assert in_mode(red, True, "rgb").tolist() == [[[255, 204, 204]]]
    assert in_mode(red[..., :3], False, "grey").tolist() == [[76]]
    assert in_mode(np.ones((1, 1, 1), np.float32), False, "rgb").tolist() == [[[1.0, 1.0, 1.0]]]
    with pytest.raises(SampleError, match="must have 1 or 3 channels of colour to become rgb, got 5"):
        in_mode(np.zeros((2, 2, 5), np.uint8), False, "rgb")
    with pytest.raises(ArgumentError, match=r"mode: must be keep or rgb or grey, got 'gray'\. Did you mean grey"):
        in_mode(red, True, "gray")  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["rgb", "grey", "keep"])
def test_any_folder_becomes_uniform(mode: Any, tmp_path: Path) -> None:
    src, out = mixed(tmp_path / "src"), tmp_path / "out"
    summary = done(src, out, 2, pipeline=IDENTITY, mode=mode, encoding="auto")
    assert (summary.rejected, summary.written) == (0, 2 * len(KINDS))
    shapes = set()
    for entry in lines(out):
        data = (out / entry["id"]).read_bytes()
        made, stored = decode(data), decode((src / entry["source"]).read_bytes(), mode)
        shapes.add(made.image.shape[2:])
        assert entry["id"].endswith(suffix_of(data))
        assert (
            entry["encoding"]
            == encoding_for(stored.image, stored.alpha)
            == {".jpg": "jpeg", ".png": "png"}[suffix_of(data)]
        )
        if entry["encoding"] == "png":
            np.testing.assert_array_equal(made.image, stored.image)
    assert shapes == {"rgb": {(3,)}, "grey": {()}, "keep": {(), (3,), (4,)}}[mode]
    assert verify(out).is_sound
    for entry in lines(out)[::7]:
        assert replay(out, entry["id"]).is_identical
    found = read_data_set(out)
    assert len(found.sources) == 2 * len(KINDS)


@pytest.mark.parametrize("form", ["webdataset", "parquet", "coco"])
def test_other_forms_take_pictures_of_both_encodings(form: str, tmp_path: Path) -> None:
    src = tmp_path / "src"
    (src / "a").mkdir(parents=True)
    for name in ("jpeg", "png, rgba", "png, 16-bit grey"):
        (src / f"a/{name}{suffix_of(KINDS[name][0])}").write_bytes(KINDS[name][0])
    if form == "coco":
        paths = [path.relative_to(src).as_posix() for path in sorted(src.rglob("*.*"))]
        rows = [{"image": path, "boxes": [[1, 1, 9, 9]], "box_labels": ["x"]} for path in paths]
        (src / "all.jsonl").write_text("\n".join(map(json.dumps, rows)))
        src = src / "all.jsonl"
    done(src, tmp_path / "out", 1, pipeline=IDENTITY, form=form, encoding="auto")
    assert sorted(entry["encoding"] for entry in lines(tmp_path / "out")) == ["jpeg", "png", "png"]
    assert verify(tmp_path / "out").is_sound
    back = read_data_set(tmp_path / "out")
    assert sorted(back.decoded(source).image.shape[2:] for source in back.sources) == [(), (3,), (4,)]


def test_auto_comes_out_the_same_for_any_workers_and_after_a_stop(tmp_path: Path) -> None:
    src = mixed(tmp_path / "src")
    (src / "a/broken.png").write_bytes(KINDS["png"][0][:60])
    options: dict[str, Any] = {"pipeline": load("light"), "encoding": "auto", "mode": "rgb", "max_rejected": 1.0}
    done(src, tmp_path / "one", 2, **options)
    rejected = [json.loads(line) for line in (tmp_path / "one/.augkit/rejected.jsonl").read_text().splitlines()]
    assert all(Path(entry["id"]).suffix == "" for entry in rejected)
    assert len(rejected) == 2
    done(src, tmp_path / "two", 2, **options)
    marker = sorted((tmp_path / "two/.augkit/shards").iterdir())[0]
    marker.unlink()
    (tmp_path / "two/.augkit/done.json").unlink()
    stale = [tmp_path / "two" / f"{rejected[0]['id']}{suffix}" for suffix in (".jpg", ".png")]
    first = lines(tmp_path / "two")[0]["id"]
    other = tmp_path / "two" / str(Path(first).with_suffix({".jpg": ".png", ".png": ".jpg"}[Path(first).suffix]))
    for left in (*stale, other):  # of an attempt that was killed, on other pictures
        left.write_bytes(b"left")
    for shard in sorted((tmp_path / "two/.augkit/shards").iterdir()):
        shard.unlink()
    done(src, tmp_path / "two", 2, workers=1, **options)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_a_fixed_encoding_says_what_would_do(tmp_path: Path) -> None:
    src = tmp_path / "src/a"
    src.mkdir(parents=True)
    (src / "0.png").write_bytes(KINDS["png, rgba"][0])
    summary = done(src.parent, tmp_path / "out", 1, pipeline=IDENTITY, max_rejected=1.0)
    assert [reason for reason, _ in summary.reasons] == [
        "image: must have 1 or 3 channels for jpeg, got 4. Use png, or expand with --encoding auto."
    ]


def test_profiles_are_told_once_and_passed_through_untouched(tmp_path: Path) -> None:
    src = tmp_path / "src"
    (src / "a").mkdir(parents=True)
    for number, profile in enumerate([ADOBE, ADOBE, SRGB, b"rubbish", None]):
        (src / f"a/{number}.png").write_bytes(save(Image.fromarray(RAMP), "PNG", icc_profile=profile))
    words = (
        "expand",
        src,
        tmp_path / "out",
        "--pipeline",
        "identity",
        "--copies",
        3,
        "--encoding",
        "png",
        "--workers",
        0,
    )
    told = augkit(*words, "--originals", "include").stderr
    assert told.count("2 pictures had other colour profiles and were converted to sRGB.") == 1
    assert told.count("1 picture has a colour profile that is damaged or not for it, and was read as sRGB.") == 1
    for entry in lines(tmp_path / "out"):
        data = (tmp_path / "out" / entry["id"]).read_bytes()
        if entry["copy"] is None:
            assert data == (src / entry["source"]).read_bytes()
        else:
            assert "icc_profile" not in Image.open(io.BytesIO(data)).info
            np.testing.assert_array_equal(decode(data).image, decode((src / entry["source"]).read_bytes()).image)
            assert entry.get("profile") == {"a/0.png": "converted", "a/1.png": "converted", "a/3.png": "unfit"}.get(
                entry["source"]
            )
            assert entry["versions"].get("littlecms") == (
                littlecms_version() if entry.get("profile") == "converted" else None
            )
            assert replay(tmp_path / "out", entry["id"]).is_identical


def test_lines_of_older_books_are_replayed_as_they_were_made(tmp_path: Path) -> None:
    """Books before 0.3 say nothing of profiles: values were kept as stored."""
    src = tmp_path / "src/a"
    src.mkdir(parents=True)
    (src / "0.png").write_bytes(save(Image.fromarray(RAMP), "PNG", icc_profile=ADOBE))
    done(src.parent, tmp_path / "out", 1, pipeline=IDENTITY, encoding="png")
    [lineage] = (tmp_path / "out/.augkit/lineage").iterdir()
    lineage.write_text(lineage.read_text().replace('"profile":"converted",', ""))
    again = replay(tmp_path / "out", lines(tmp_path / "out")[0]["id"])
    assert not again.is_identical
    np.testing.assert_array_equal(decode(again.data).image, RAMP)


def as_batch(ask: Callable[[], Any]) -> str:
    with pytest.raises(SampleError) as fault:
        ask()
    return str(fault.value)


def test_pictures_that_do_not_go_into_one_batch_are_named_with_what_to_write(tmp_path: Path) -> None:
    root = tmp_path / "src"
    (root / "a").mkdir(parents=True)
    (root / "a/grey.png").write_bytes(encode(np.zeros((20, 30), np.uint8), "png"))
    (root / "a/rgb.png").write_bytes(encode(np.zeros((20, 30, 3), np.uint8), "png"))
    told = as_batch(lambda: next(iter(folder(root, shuffle=False))))
    assert "got torch.uint8 (1, 20, 30) of 'a/grey.png' and torch.uint8 (3, 20, 30) of 'a/rgb.png'" in told
    assert 'mode="rgb"' in told
    assert "Resize" not in told
    images, _ = next(iter(folder(root, mode="rgb")))
    assert images.shape == (2, 3, 20, 30)
    images, _ = next(iter(folder(root, mode="grey")))
    assert images.shape == (2, 1, 20, 30)
    (root / "a/wide.png").write_bytes(encode(np.zeros((20, 31, 3), np.uint8), "png"))
    told = as_batch(lambda: next(iter(folder(root, shuffle=False, mode="rgb"))))
    assert "'a/grey.png' and torch.uint8 (3, 20, 31) of 'a/wide.png'" in told
    assert "Resize" in told
    assert "mode=" not in told
    with pytest.raises(ArgumentError, match="mode: must be"):
        folder(root, mode="RGB")  # type: ignore[arg-type]


def test_augmented_brings_pictures_of_any_data_set_into_a_mode() -> None:
    items = [(np.zeros((8, 8), np.uint8), 0), (np.zeros((8, 8, 3), np.uint8), 1)]
    assert [image.shape[0] for image, _ in map(Augmented(items, Pipeline([]), mode="rgb").__getitem__, range(2))] == [
        3,
        3,
    ]
    with pytest.raises(ArgumentError, match="mode: must be keep or rgb or grey"):
        Augmented(items, Pipeline([]), mode="bgr")  # type: ignore[arg-type]


def test_eight_bits_by_hand_and_what_is_refused() -> None:
    deep = np.array([[[0, 100, 4095, 65535], [65535, 2047, 9000, 32768]]], np.uint16)
    assert in_bytes(deep, True).tolist() == [[[0, 0, 16, 255], [255, 8, 35, 128]]]
    assert in_bytes(deep, True, (0, 4095)).tolist() == [[[0, 6, 255, 255], [255, 127, 255, 128]]]
    assert in_bytes(np.array([[0.0, 0.5, 1.0]], np.float32), False).tolist() == [[0, 128, 255]]
    assert in_bytes(RAMP, False, (0, 4095)) is RAMP
    for depth in (16, True, "eight", None):
        with pytest.raises(ArgumentError, match=r'^depth: must be "keep" or 8'):
            Augmented([], Pipeline([]), depth=depth)  # type: ignore[arg-type]


@pytest.mark.parametrize("levels", [None, "auto", "0,4095"])
def test_pictures_of_any_depth_become_eight_bits(levels: str | None, tmp_path: Path) -> None:
    src, out = tmp_path / "src/a", tmp_path / "out"
    src.mkdir(parents=True)
    deep = np.arange(200, 4000, 2).reshape(50, 38).astype(np.uint16)
    (src / "deep.png").write_bytes(encode(deep, "png"))
    (src / "grey.png").write_bytes(encode(RAMP[..., 0], "png"))
    options: dict[str, Any] = {"pipeline": IDENTITY, "depth": 8, "encoding": "png", "range": levels}
    done(src.parent, out, 1, **options)
    black, white = {None: (0, 65535), "auto": (200, 3998), "0,4095": (0, 4095)}[levels]
    for entry in lines(out):
        made = decode((out / entry["id"]).read_bytes()).image
        assert made.dtype == np.uint8
        if "deep" in entry["id"]:
            assert np.abs(made - (deep.astype(float) - black) / (white - black) * 255).max() <= 0.5 + 1e-9
            assert entry["depth"] == 8
        else:
            np.testing.assert_array_equal(made, RAMP[..., 0])
        assert "range" not in entry["plan"]["policy"]
        assert replay(out, entry["id"]).is_identical
    done(src.parent, out, 1, **options)
    pipeline = Pipeline([], range=None if levels is None else (black, white))
    loader = folder(src.parent, pipeline.with_range(pipeline.policy.range), 1, depth=8, mode="rgb", shuffle=False)
    for (images, _), name in zip(loader, ("deep", "grey"), strict=True):
        path = next(out / entry["id"] for entry in lines(out) if name in entry["id"])
        np.testing.assert_array_equal(images[0, 0].numpy(), decode(path.read_bytes()).image)
        assert images.shape[1] == 3


def test_a_batch_of_two_depths_is_told_to_ask_for_one(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for dtype in (np.uint8, np.uint16):
        (tmp_path / f"a/{np.dtype(dtype).name}.png").write_bytes(encode(np.ones((9, 9), dtype), "png"))
    assert "Write depth=8" in as_batch(lambda: next(iter(folder(tmp_path))))
    images, _ = next(iter(folder(tmp_path, depth=8)))
    assert images.shape == (2, 1, 9, 9)


def test_one_picture_is_read_in_a_mode(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(KINDS["png, rgba"][0])
    assert ak.read(tmp_path / "a.png", "rgb").image.shape[2:] == (3,)
    assert not ak.read(tmp_path / "a.png", mode="grey").alpha
    with pytest.raises(ArgumentError, match="mode: must be"):
        ak.read(tmp_path / "a.png", "L")  # type: ignore[arg-type]


@pytest.mark.parametrize("workers", [0, 1])
def test_torchs_own_batches_are_answered_alike(workers: int) -> None:
    items = [(np.zeros((8, 8), np.uint8), 0), (np.zeros((8, 8, 3), np.uint8), 1.5)]
    mixed_up = Augmented(items, Pipeline([]), ids=["one", "other"])
    told = as_batch(lambda: next(iter(DataLoader(mixed_up, batch_size=2, num_workers=workers))))
    assert "torch.uint8 (1, 8, 8) of 'one' and torch.uint8 (3, 8, 8) of 'other'" in told
    alike = Augmented(items, Pipeline([]), mode="rgb")
    images, labels = next(iter(DataLoader(alike, batch_size=2, num_workers=workers)))
    assert images.shape == (2, 3, 8, 8)
    assert labels.tolist() == [0.0, 1.5]
    assert isinstance(alike[0], tuple)
