"""What each transform of Albumentations is here: one rule a transform."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from augkit.convert.conversion import Arguments, Conversion, Differs, Rule, either, margins
from augkit.core.policy import Border
from augkit.transforms import Transform
from augkit.transforms.colour import Brightness, Gamma, Grayscale
from augkit.transforms.combinators import Maybe
from augkit.transforms.crops import CenterCrop, PadTo, RandomCrop, RandomResizedCrop, Resize, ResizeSide
from augkit.transforms.geometry import Mirror, QuarterTurn, Rotate, Scale, Shear, Translate
from augkit.transforms.levels import AutoContrast, ChannelShuffle, Equalize, Invert, Posterize, Solarize
from augkit.transforms.texture import Blur, Jpeg, Noise

__all__ = ["RULES"]

_BORDERS: dict[Any, Border] = {0: "constant", 1: "replicate", 2: "reflect", 3: "wrap"}  # OpenCV's numbers
_STILL = (0.0, 0.0)
_SAMPLED = {"interpolation": 1, "mask_interpolation": 0}  # linearly, masks from the nearest pixel


def _crop(cls: type[CenterCrop | RandomCrop]) -> Rule:
    def rule(a: Arguments, found: Conversion) -> Sequence[Transform]:
        a.only("border_mode", "fill", "fill_mask", "pad_position", pad_if_needed=False)
        return (cls((a.take("height"), a.take("width"))),)

    return rule


def _resize(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(area_for_downscale=None, **_SAMPLED)
    return (Resize((a.take("height"), a.take("width"))),)


def _resized_crop(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(area_for_downscale=None, **_SAMPLED)
    return (RandomResizedCrop(a.take("size"), a.take("scale", (0.08, 1.0)), a.take("ratio", (3 / 4, 4 / 3))),)


def _rotate(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(crop_border=False, rotate_method="largest_box", **_SAMPLED)
    _outside(a, found)
    return (Rotate(_around(a.take("limit"))),)


def _resized_side(side: Literal["shorter", "longer"]) -> Rule:
    def rule(a: Arguments, found: Conversion) -> Sequence[Transform]:
        a.only(area_for_downscale=None, max_size_hw=None, **_SAMPLED)
        lengths = a.take("max_size")
        lengths = lengths if isinstance(lengths, tuple) else (lengths,)
        return (either([ResizeSide(length, side) for length in lengths]),)

    return rule


def _pad(a: Arguments, found: Conversion) -> Sequence[Transform]:
    _outside(a, found)
    return (margins(a.take("padding", 0)),)


def _pad_to(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only("padding", position="center", pad_height_divisor=None, pad_width_divisor=None)
    _outside(a, found)
    return (PadTo((a.take("min_height"), a.take("min_width"))),)


def _affine(a: Arguments, found: Conversion) -> Sequence[Transform]:
    """Return zoom, turn, shear and shift, in its order, each about the picture's centre."""
    a.only(fit_output=False, balanced_scale=False, rotate_method="largest_box", **_SAMPLED)
    if a.take("translate_px") not in (None, {"x": [0, 0], "y": [0, 0]}):
        raise Differs("a shift in pixels has no equal")
    turn, is_square, scale = a.take("rotate", (0.0, 0.0)), a.take("keep_ratio", False), a.take("scale", {})
    shift: dict[str, Any] = a.take("translate_percent") or {}
    sheared: dict[str, Any] = a.take("shear") or {}
    x, y = (tuple(scale.get(axis, (1.0, 1.0))) for axis in "xy")
    if x != y or not (is_square or x[0] == x[1]):
        raise Differs("a zoom of each axis by itself has no equal")
    steps: list[Transform] = [Scale(x)] if x != (1.0, 1.0) else []
    if tuple(turn) != _STILL:
        steps.append(Rotate(turn))
    lean, sink = (tuple(sheared.get(axis, _STILL)) for axis in "xy")
    if (lean, sink) != (_STILL, _STILL):  # it shears to the other side
        steps.append(Shear((-lean[1], -lean[0]), (-sink[1], -sink[0])))
    if shift:
        steps.append(Translate(tuple(shift.get("x", _STILL)), tuple(shift.get("y", _STILL))))
    _outside(a, found)
    return steps


def _outside(a: Arguments, found: Conversion) -> None:
    found.outside(_BORDERS.get(a.take("border_mode", 0)), a.take("fill", 0), a.take("fill_mask", 0) or 0)


def _gamma(a: Arguments, found: Conversion) -> Sequence[Transform]:
    low, high = a.take("gamma_limit", (80.0, 120.0))
    return (Gamma((low / 100.0, high / 100.0)),)


def _gain(a: Arguments, found: Conversion) -> Sequence[Transform]:
    """Return what its contrast is, a factor about black; its brightness is a sum, which nothing here is."""
    a.only("brightness_by_max", brightness_limit=(0.0, 0.0), ensure_safe_range=False)
    low, high = _around(a.take("contrast_limit", (-0.2, 0.2)))
    return (Brightness((1.0 + low, 1.0 + high)),)


def _grey(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(method="weighted_average", num_output_channels=3)
    return (Grayscale(),)


def _posterize(a: Arguments, found: Conversion) -> Sequence[Transform]:
    bits = a.take("num_bits", 4)
    return (Posterize(bits),)


def _solarize(a: Arguments, found: Conversion) -> Sequence[Transform]:
    return (Solarize(a.take("threshold_range", (0.5, 0.5))),)


def _blur(a: Arguments, found: Conversion) -> Sequence[Transform]:
    if a.take("blur_limit", 0) not in (0, (0, 0)):
        raise Differs("a kernel that cuts the Gaussian off has no equal")
    found.reflected("GaussianBlur")
    return (Blur("gaussian", a.take("sigma_limit", (0.5, 3.0))),)


def _median(a: Arguments, found: Conversion) -> Sequence[Transform]:
    low, high = a.take("blur_limit", (3, 7))
    if low != high:
        raise Differs("sizes that are all alike have no equal")
    found.reflected("MedianBlur")
    return (Blur("median", float(low // 2)),)


def _jpeg(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(compression_type="jpeg")
    found.notes.append("ImageCompression: there red and blue are exchanged while the picture is a JPEG")
    return (Jpeg(a.take("quality_range", (99, 100))),)


def _noise(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(mean_range=_STILL, per_channel=True, noise_scale_factor=1)
    return (Noise("gaussian", a.take("std_range", (0.2, 0.44))),)


def _salt_and_pepper(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(salt_vs_pepper=(0.5, 0.5))
    return (Noise("salt_and_pepper", a.take("amount", (0.01, 0.06))),)


def _equalize(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only("mask_params", mode="cv", by_channels=True, mask=None)
    return (Equalize(),)


def _auto_contrast(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(cutoff=0, ignore=None, method="pil")
    return (AutoContrast(),)


def _symmetry(a: Arguments, found: Conversion) -> Sequence[Transform]:
    return QuarterTurn(), Maybe(0.5, Mirror())


def _transpose(a: Arguments, found: Conversion) -> Sequence[Transform]:
    return Rotate(90.0, "expand"), Mirror("vertical")


def _around(limit: Any) -> tuple[float, float]:
    return tuple(limit) if isinstance(limit, tuple) else (-limit, limit)


RULES: dict[str, Rule] = {
    "Affine": _affine,
    "AutoContrast": _auto_contrast,
    "CenterCrop": _crop(CenterCrop),
    "ChannelShuffle": lambda a, found: (ChannelShuffle(),),
    "D4": _symmetry,
    "Equalize": _equalize,
    "GaussNoise": _noise,
    "GaussianBlur": _blur,
    "HorizontalFlip": lambda a, found: (Mirror(),),
    "ImageCompression": _jpeg,
    "InvertImg": lambda a, found: (Invert(),),
    "LongestMaxSize": _resized_side("longer"),
    "MedianBlur": _median,
    "Pad": _pad,
    "PadIfNeeded": _pad_to,
    "Posterize": _posterize,
    "RandomBrightnessContrast": _gain,
    "RandomCrop": _crop(RandomCrop),
    "RandomGamma": _gamma,
    "RandomResizedCrop": _resized_crop,
    "RandomRotate90": lambda a, found: (QuarterTurn(),),
    "Resize": _resize,
    "Rotate": _rotate,
    "SaltAndPepper": _salt_and_pepper,
    "SmallestMaxSize": _resized_side("shorter"),
    "Solarize": _solarize,
    "SquareSymmetry": _symmetry,
    "ToGray": _grey,
    "Transpose": _transpose,
    "VerticalFlip": lambda a, found: (Mirror("vertical"),),
}
