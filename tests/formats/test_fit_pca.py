"""The colours of a data set: exact sums in any order, and a file that a pipeline shifts along."""

import subprocess
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.typing import NDArray

import augkit as ak
from augkit.datasets import picture_statistics
from augkit.datasets.picture_statistics import ColorSums
from augkit.errors import ArgumentError, SampleError
from augkit.images import encode
from augkit.transforms.colour import ColorStatistics
from support.commands import command


def tinted(height: int, width: int, seed: int, dtype: str = "uint8", channels: int = 3) -> NDArray[Any]:
    """Return noise whose channels are correlated."""
    rng = np.random.default_rng(seed)
    mixing = rng.uniform(0, 1 / 3, (3, channels)) * np.iinfo(dtype).max
    return (rng.random((height, width, 3)) @ mixing).astype(dtype)


def fit(source: Path, output: Path) -> subprocess.CompletedProcess[str]:
    return command("fit-pca", source, "-o", output)


pictures = st.lists(
    st.builds(
        tinted,
        st.integers(1, 9),
        st.integers(1, 9),
        st.integers(0, 999),
        st.sampled_from(["uint8", "uint16"]),
        st.sampled_from([3, 4]),
    ),
    min_size=1,
    max_size=6,
)


@given(pictures, st.randoms(use_true_random=False), st.integers(0, 6))
def test_order_and_grouping_do_not_change_a_bit(images: list[NDArray[Any]], random: Any, cut: int) -> None:
    def total(some: list[NDArray[Any]]) -> ColorSums:
        return reduce(ColorSums.__add__, map(ColorSums.of, some), ColorSums())

    whole = total(images)
    shuffled = random.sample(images, len(images))
    assert total(shuffled) == whole
    assert total(images[:cut]) + total(images[cut:]) == whole
    assert ColorSums() + whole == whole
    if whole.count >= 2:
        assert total(shuffled).covariance.tobytes() == whole.covariance.tobytes()


@given(pictures.filter(lambda images: sum(image.size for image in images) >= 12))
def test_the_covariance_is_numpys(images: list[NDArray[Any]]) -> None:
    sums = reduce(ColorSums.__add__, map(ColorSums.of, images))
    pixels = np.concatenate([i[..., :3].reshape(-1, 3) / float(np.iinfo(i.dtype).max) for i in images])
    assert sums.count == len(pixels)
    np.testing.assert_allclose(sums.covariance, np.cov(pixels.T), rtol=1e-9, atol=1e-12)


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    image = tinted(40, 50, 1, "uint16")
    whole = ColorSums.of(image)
    monkeypatch.setattr(picture_statistics, "BLOCK_PIXELS", 7)
    assert ColorSums.of(image) == whole


def test_a_full_block_of_white_is_counted_exactly() -> None:
    white = np.full((1, picture_statistics.BLOCK_PIXELS, 3), 65535, np.uint16)
    sums = ColorSums.of(white)
    assert sums.products == (65535**2 * picture_statistics.BLOCK_PIXELS,) * 6
    assert (sums + sums).covariance.tolist() == [[0.0] * 3] * 3


def test_statistics_are_the_principal_components() -> None:
    image = tinted(60, 60, 3)
    fitted = ColorSums.of(image).statistics()
    vectors = np.array(fitted.eigenvectors)
    rebuilt = vectors @ np.diag(fitted.eigenvalues) @ vectors.T
    np.testing.assert_allclose(rebuilt, np.cov((image / 255).reshape(-1, 3).T), atol=1e-8)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-8)
    assert list(fitted.eigenvalues) == sorted(fitted.eigenvalues, reverse=True)


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 2), np.uint8), np.zeros((4, 4, 3), np.float32)]
)
def test_other_pictures_are_refused(image: NDArray[Any]) -> None:
    with pytest.raises(SampleError, match="must be RGB or RGBA"):
        ColorSums.of(image)
    with pytest.raises(SampleError, match="at least 2 pixels"):
        _ = ColorSums().covariance


def test_a_folder_is_fitted_and_a_pipeline_shifts_along_it(tmp_path: Path) -> None:
    images = [tinted(20, 30, 0), tinted(10, 10, 1, "uint16"), tinted(15, 15, 2, channels=4)]
    source = tmp_path / "pictures" / "roses"
    source.mkdir(parents=True)
    for number, image in enumerate(images):
        (source / f"{number}.png").write_bytes(encode(image, "png", alpha=image.shape[2] == 4))
    (source / "grey.png").write_bytes(encode(images[0][..., 0], "png"))
    (source / "broken.png").write_bytes(b"no picture")
    done = fit(tmp_path / "pictures", tmp_path / "pca.yaml")
    assert done.returncode == 0
    assert "925 pixels of 3 pictures; left out: 1 grey, 1 unreadable." in done.stdout
    assert done.stderr.count("\n") == 1
    assert "broken.png: is not a picture" in done.stderr

    pixels = np.concatenate([i[..., :3].reshape(-1, 3) / float(np.iinfo(i.dtype).max) for i in images])
    values, vectors = np.linalg.eigh(np.cov(pixels.T))
    (tmp_path / "own.yaml").write_text("steps:\n  - PCAColorShift: {std: 0.4, statistics: pca.yaml}\n")
    pipeline = ak.load(tmp_path / "own.yaml")
    statistics = pipeline.steps[0].statistics  # type: ignore[attr-defined]
    assert isinstance(statistics, ColorStatistics)
    np.testing.assert_allclose(statistics.eigenvalues, values[::-1], atol=1e-8)

    key = ak.Key(0, "a.png")
    stream = key.stream("PCAColorShift")
    factors = np.array([stream.normal(0.0, 0.4) for _ in range(3)])
    grey = ak.Sample(np.full((4, 4, 3), 0.5, np.float32))
    shift = pipeline(grey, key).image.astype(float) - 0.5
    upright = vectors[:, ::-1] * np.sign(np.take_along_axis(v := vectors[:, ::-1], np.abs(v).argmax(0)[None], 0))
    np.testing.assert_allclose(shift, np.broadcast_to(upright @ (factors * values[::-1]), (4, 4, 3)), atol=1e-6)


def test_the_file_does_not_depend_on_names_or_order(tmp_path: Path) -> None:
    for folder, names in (("a", "123"), ("b", "312")):
        (tmp_path / folder).mkdir()
        for number, name in enumerate(names):
            (tmp_path / folder / f"{name}.png").write_bytes(encode(tinted(9, 9, number), "png"))
        assert fit(tmp_path / folder, tmp_path / f"{folder}.yaml").returncode == 0
    assert (tmp_path / "a.yaml").read_bytes() == (tmp_path / "b.yaml").read_bytes()


def test_nothing_to_fit_is_one_sentence_and_no_file(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    grey = tmp_path / "pictures" / "grey.png"
    for content, words in ((encode(np.zeros((4, 4), np.uint8), "png"), "1 grey"), (b"", "1 unreadable")):
        grey.write_bytes(content)
        done = fit(tmp_path / "pictures", tmp_path / "pca.yaml")
        assert done.returncode == 2
        assert "must hold colour pictures" in done.stderr
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["pictures"]
    with pytest.raises(ArgumentError, match="eigenvalues"):
        ak.PCAColorShift(statistics={"eigenvalues": [1, 2]})  # type: ignore[arg-type]
