"""The laws of uniform folders: modes, encodings that fit, colour profiles; and books that agree with what is made."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from augkit.datasets import read as read_data_set
from augkit.errors import ArgumentError, SampleError
from augkit.expand import replay, verify
from augkit.images import decode, encode, encoding_for, in_mode, suffix_of
from augkit.images.colour_profiles import littlecms_version
from augkit.loader import Augmented, folder
from augkit.pipeline import Pipeline, load
from support.commands import augkit
from support.encoded import KINDS, save
from support.folders import done, lines, tree

IDENTITY = load("identity")
Pixels = NDArray[Any]


def s15(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def icc(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Write a profile by hand (ICC.1:2022, section 7)."""
    tags = {b"wtpt": b"XYZ \0\0\0\0" + s15(0.9642, 1, 0.8249), **tags}
    tags |= {b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + b"\0" * 79}
    table, body, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, value in tags.items():
        padded = value + b"\0" * (-len(value) % 4)
        table += name + struct.pack(">II", start + len(body), len(value))
        body += padded
    head = struct.pack(
        ">I4sI4s4s4s6H", start + len(body), b"test", 0x02100000, b"mntr", space, b"XYZ ", 2024, 1, 1, 0, 0, 0
    )
    head += b"acsp" + b"\0" * 28 + s15(0.9642, 1, 0.8249)
    return head + b"\0" * (128 - len(head)) + table + body


def rgb_profile(gamma: float, *primaries: tuple[float, float, float]) -> bytes:
    tags = {b"%cXYZ" % name: b"XYZ \0\0\0\0" + s15(*xyz) for name, xyz in zip(b"rgb", primaries, strict=True)}
    return icc(b"RGB ", tags | {b"%cTRC" % name: curve(gamma) for name in b"rgb"})


ADOBE = rgb_profile(563 / 256, (0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
LINEAR_GREY = icc(b"GRAY", {b"kTRC": curve(1.0)})
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
RAMP = np.dstack([np.arange(0, 256, 5), np.arange(255, -1, -5), np.full(52, 90)]).astype(np.uint8)


def srgb_of(linear: Pixels) -> Pixels:
    """Return sRGB's levels of linear light (IEC 61966-2-1)."""
    bright = 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, 12.92 * linear, bright) * 255


def adobe_to_srgb(levels: Pixels) -> Pixels:
    """Return the conversion in float64: both spaces have the white D65, so one 3 x 3 matrix does it."""
    to_xyz = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
    srgb_to_xyz = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
    linear = (levels / 255.0) ** (563 / 256) @ to_xyz.T @ np.linalg.inv(srgb_to_xyz).T
    return srgb_of(np.clip(linear, 0, 1))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_a_wide_profile_is_brought_to_srgb(kind: str) -> None:
    of: dict[str, dict[str, Any]] = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}
    options = of.get(kind, {})
    data = save(Image.fromarray(RAMP), kind, icc_profile=ADOBE, **options)
    found = decode(data)
    assert found.profile == "converted"
    stored = decode(data, profiles=False)
    assert stored.profile == ""
    assert np.abs(found.image - adobe_to_srgb(stored.image)).max() <= 1.5
    assert np.abs(found.image.astype(int) - stored.image).max() > 30


def test_alpha_is_no_colour() -> None:
    picture = np.dstack([RAMP, np.arange(52, dtype=np.uint8)[None]])
    found = decode(save(Image.fromarray(picture), "PNG", icc_profile=ADOBE))
    assert found.alpha
    np.testing.assert_array_equal(found.image[..., 3], picture[..., 3])
    np.testing.assert_array_equal(
        found.image[..., :3], decode(save(Image.fromarray(RAMP), "PNG", icc_profile=ADOBE)).image
    )


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_a_grey_profile_is_brought_to_srgb_and_stays_grey(mode: str) -> None:
    grey = np.arange(256, dtype=np.uint8)[None]
    picture = Image.fromarray(grey).convert(mode)
    found = decode(save(picture, "PNG", icc_profile=LINEAR_GREY))
    assert found.profile == "converted"
    shown = found.image if mode == "L" else found.image[..., 1]
    assert np.abs(shown - srgb_of(grey / 255.0)).max() <= 1
    assert found.alpha == (mode == "LA")


def test_inks_go_through_their_profile() -> None:
    """A profile that says what inks look like: made here of one that swaps nothing, so white stays white."""
    plain = decode(KINDS["jpeg, cmyk"][0])
    assert plain.profile == ""
    data = save(Image.new("CMYK", (9, 9), (0, 0, 0, 0)), "JPEG", icc_profile=ADOBE)  # an RGB profile does not fit inks
    assert decode(data).profile == "unfit"
    np.testing.assert_array_equal(decode(data).image, 255)


@pytest.mark.parametrize("profile", [SRGB, None])
def test_srgb_changes_nothing(profile: bytes | None) -> None:
    found = decode(save(Image.fromarray(RAMP), "PNG", icc_profile=profile))
    assert found.profile == ""
    np.testing.assert_array_equal(found.image, RAMP)


@pytest.mark.parametrize(
    "profile", [b"rubbish", ADOBE[:200], LINEAR_GREY, b"\0" * 500, ADOBE.replace(b"acsp", b"none")]
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_profile_that_is_damaged_or_of_another_kind_is_left_aside(profile: bytes, kind: str) -> None:
    plain, data = save(Image.fromarray(RAMP), kind), save(Image.fromarray(RAMP), kind, icc_profile=profile)
    assert decode(data).profile == "unfit"
    np.testing.assert_array_equal(decode(data).image, decode(plain).image)


def test_a_profile_in_several_segments_of_a_jpeg_is_one() -> None:
    long = ADOBE + b"\0" * 100_000  # Pillow cuts it into pieces of 64 KB
    data = save(
        Image.fromarray(RAMP), "JPEG", icc_profile=long[:4].replace(long[:4], struct.pack(">I", len(long))) + long[4:]
    )
    short = save(Image.fromarray(RAMP), "JPEG", icc_profile=ADOBE)
    np.testing.assert_array_equal(decode(data).image, decode(short).image)


def test_sixteen_bits_are_kept_and_said() -> None:
    deep = RAMP[..., 0].astype(np.uint16) * 257
    file = io.BytesIO()
    Image.fromarray(deep).save(file, "PNG", icc_profile=LINEAR_GREY)
    found = decode(file.getvalue())
    assert found.profile == "deep"
    np.testing.assert_array_equal(found.image, deep)


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
