"""Rules for each transform of Albumentations 2.0.8 that is one of ours: from its arguments to steps.

Arguments come as saving writes them, or as code gives them, one number for a range among them. A rule takes every
argument, or refuses; what a step of ours does otherwise in a corner is noted, so that it can be told.
"""

from collections.abc import Sequence
from typing import Literal

from augkit.convert.conversion import Arguments, Conversion, Differs, Rule, equal, margins, one_side, reflected
from augkit.core.arrays import Json, JsonObject
from augkit.core.sampling import Border, Interpolation
from augkit.transforms import Transform
from augkit.transforms.colour import Brightness, Gamma, Grayscale, Lift, Saturation
from augkit.transforms.combinators import Maybe, OneOf, RandomOrder
from augkit.transforms.crops import CenterCrop, PadTo, RandomCrop, RandomResizedCrop, Resize
from augkit.transforms.filters import Convolve
from augkit.transforms.geometry import Mirror, QuarterTurn, Rotate, Scale, Shear, Translate
from augkit.transforms.levels import AutoContrast, ChannelShuffle, Equalize, Invert, Posterize, Solarize
from augkit.transforms.texture import Blur, Jpeg, Noise
from augkit.transforms.warps import ElasticWarp

_BORDERS: dict[Json, Border] = {0: "constant", 1: "replicate", 2: "reflect", 3: "wrap"}  # OpenCV's numbers
_SAMPLINGS: dict[Json, Interpolation]
_SAMPLINGS = {0: "nearest", 1: "linear", 2: "cubic", 3: "linear", 4: "lanczos", 5: "linear", 6: "nearest"}
_AREA = 3  # OpenCV's mean over a pixel's area where it shrinks
_STILL = (0.0, 0.0)


def _size(a: Arguments) -> tuple[Json, Json]:
    return a.take("height"), a.take("width")


def _sampled(a: Arguments, found: Conversion) -> None:
    """Take how pixels are sampled, which belongs to our pipelines."""
    how, masks = a.take("interpolation", 1), a.take("mask_interpolation", 0)
    if how not in _SAMPLINGS or masks != 0:
        raise Differs(f"interpolation={how!r} with mask_interpolation={masks!r} has no equal")
    found.sampled(_SAMPLINGS[how], a.name)
    if how == _AREA:
        found.notes.append(f"{a.name}: there it takes means over areas, which is sampled linearly here")


def _shrunk(a: Arguments, found: Conversion) -> None:
    """Note that what shrinks is smoothed here."""
    area = a.take("area_for_downscale")
    if area not in (None, "image", "image_mask"):
        raise Differs(f"area_for_downscale={area!r} has no equal")
    _sampled(a, found)
    if area is None:
        found.aliased(a.name)
    if area == "image_mask":
        found.notes.append(f"{a.name}: there masks become means over areas too; here they keep their numbers")


def _beyond(a: Arguments, found: Conversion) -> None:
    """Note what becomes of pictures that are smaller than a window; the border it may fill is no matter here."""
    a.only("border_mode", "fill", "fill_mask", "pad_position", pad_if_needed=False)
    found.notes.append(f"{a.name}: a picture smaller than its window is refused there; the border rule fills it here")


def _crop(cls: type[CenterCrop | RandomCrop]) -> Rule:
    return equal(lambda a: cls(_size(a)), also=_beyond)


def _one_side(side: Literal["shorter", "longer"]) -> Rule:
    return equal(lambda a: one_side(a.take("max_size"), side), also=_shrunk, max_size_hw=None)


def _axes(value: Json, resting: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the ranges along x and y of a number, a pair, or a mapping of both."""
    given = {"x": value, "y": value} if not isinstance(value, dict) else value
    x, y = (_pair(given.get(axis, resting)) for axis in "xy")
    return x, y


def _affine(a: Arguments, found: Conversion) -> Sequence[Transform]:
    """Return zoom, turn, shear and shift, in its order, each about the picture's centre."""
    a.only(fit_output=False, balanced_scale=False, rotate_method="largest_box")
    _sampled(a, found)
    if a.take("translate_px") not in (None, {"x": [0, 0], "y": [0, 0]}, {"x": (0, 0), "y": (0, 0)}):
        raise Differs("a shift in pixels has no equal")
    turn, is_square = _pair(a.take("rotate", 0.0)), a.take("keep_ratio", False)
    x, y = _axes(a.take("scale", 1.0), 1.0)
    if x != y or not (is_square or x[0] == x[1]):
        raise Differs("a zoom of each axis by itself has no equal")
    shift, (lean, sink) = a.take("translate_percent"), _axes(a.take("shear", 0.0), 0.0)
    steps = _moves(x, turn, _axes(shift, 0.0) if shift is not None else (_STILL, _STILL), found, a.name)
    if (lean, sink) != (_STILL, _STILL):  # it shears to the other side
        place = next((n for n, step in enumerate(steps) if isinstance(step, Translate)), len(steps))
        steps.insert(place, Shear((-lean[1], -lean[0]), (-sink[1], -sink[0])))
    _outside(a, found)
    return steps


def _moves(
    zoom: tuple[float, float],
    turn: tuple[float, float],
    shift: tuple[tuple[float, float], tuple[float, float]],
    found: Conversion,
    name: str,
) -> list[Transform]:
    steps: list[Transform] = [Scale(zoom)] if zoom != (1.0, 1.0) else []
    if zoom[0] < 1.0:
        found.aliased(name)
    if turn != _STILL:
        steps.append(Rotate(turn))
    return [*steps, Translate(*shift)] if shift != (_STILL, _STILL) else steps


def _shift_scale_rotate(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(rotate_method="largest_box")
    _sampled(a, found)
    both = a.take("shift_limit", (-0.0625, 0.0625))
    x, y = (_around(both if limit is None else limit) for limit in (a.take("shift_limit_x"), a.take("shift_limit_y")))
    low, high = _around(a.take("scale_limit", (-0.1, 0.1)))
    _outside(a, found)
    zoom = round(1.0 + low, 12), round(1.0 + high, 12)
    return _moves(zoom, _around(a.take("rotate_limit", (-45.0, 45.0))), (x, y), found, a.name)


def _rotation(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(rotate_method="largest_box")
    _sampled(a, found)
    is_cut = a.take("crop_border", False)
    _outside(a, found)
    if is_cut:
        found.notes.append(f"{a.name}: the rectangle without border may be a pixel larger or smaller here")
    return (Rotate(_around(a.take("limit", (-90.0, 90.0))), "inscribed" if is_cut else "keep"),)


def _outside(a: Arguments, found: Conversion) -> None:
    border = a.take("border_mode", 0)
    if border == 4:  # about the outermost pixels' middles
        raise Differs("its border, a reflection that does not repeat the edge, has no equal")
    found.outside(_BORDERS.get(border), a.take("fill", 0), a.take("fill_mask", 0) or 0)


def _gamma(a: Arguments) -> Transform:
    low, high = _up_to(a.take("gamma_limit", (80.0, 120.0)), 1.0)
    return Gamma((low / 100.0, high / 100.0))


def _gain_and_lift(a: Arguments, found: Conversion) -> Sequence[Transform]:
    """Return its contrast, a factor about black, and its brightness, a sum."""
    a.only(ensure_safe_range=False)
    sums, by_top = _around(a.take("brightness_limit", (-0.2, 0.2))), a.take("brightness_by_max", True)
    low, high = _around(a.take("contrast_limit", (-0.2, 0.2)))
    steps: list[Transform] = [] if (low, high) == _STILL else [Brightness((1.0 + low, 1.0 + high))]
    if sums == _STILL:
        return steps or [Brightness(1.0)]
    if not by_top:
        raise Differs("its brightness goes by the picture's own mean, ours by the range")
    found.notes.append(f"{a.name}: what is added to pictures that are not RGB has no equal here, and is refused")
    return [*steps, Lift(sums)]


def _jitter(a: Arguments) -> Transform:
    """Return brightness and saturation; its contrast is about the picture's own mean, its hue an angle in HSV."""
    ranges = {name: _factors(a.take(name, (0.8, 1.2))) for name in ("brightness", "contrast", "saturation")}
    if ranges["contrast"] != (1.0, 1.0):
        raise Differs("its contrast is about the picture's own mean, ours about the middle of the range")
    if _around(a.take("hue", (-0.5, 0.5))) != _STILL:
        raise Differs("its hue is an angle in HSV, ours one in YIQ")
    kinds = {"brightness": Brightness, "saturation": Saturation}
    steps = tuple(cls(ranges[name]) for name, cls in kinds.items() if ranges[name] != (1.0, 1.0))
    return steps[0] if len(steps) == 1 else RandomOrder(steps)


def _factors(value: Json) -> tuple[float, float]:
    low, high = value if isinstance(value, tuple) else (max(0.0, 1.0 - value), 1.0 + value)
    return float(low), float(high)


def _gaussian(a: Arguments) -> Transform:
    if a.take("blur_limit", 0) not in (0, (0, 0)):
        raise Differs("a kernel that cuts the Gaussian off has no equal")
    return Blur("gaussian", _up_to(a.take("sigma_limit", (0.5, 3.0)), 0.0))


def _odd(limit: Json) -> list[int]:
    """Return the odd sizes of a range, which are all as likely."""
    low, high = _up_to(limit, 3)
    return [side for side in range(max(3, int(low)), int(high) + 1) if side % 2]


def _any_of(steps: list[Transform]) -> Transform:
    return steps[0] if len(steps) == 1 else OneOf(tuple(steps))


def _box(a: Arguments) -> Transform:
    sides = _odd(a.take("blur_limit", (3, 7)))
    return _any_of([Convolve(((1.0 / side**2,) * side,) * side) for side in sides])


def _median(a: Arguments) -> Transform:
    return _any_of([Blur("median", float(side // 2)) for side in _odd(a.take("blur_limit", (3, 7)))])


def _elastic(a: Arguments, found: Conversion) -> Sequence[Transform]:
    if a.take("noise_distribution", "gaussian") != "uniform":
        raise Differs("its noise is divided by the picture's own largest: take ElasticWarp, or uniform noise there")
    a.only("keypoint_remapping_method", same_dxdy=False, approximate=False)
    _sampled(a, found)
    _outside(a, found)
    found.notes.append(f"{a.name}: fields fold there, and x and y are alike at the seam; here they do not")
    return (ElasticWarp(float(a.take("alpha", 1.0)), float(a.take("sigma", 50.0))),)


def _additive(a: Arguments) -> Transform:
    noise: JsonObject = dict(a.take("noise_params") or {})
    given = {name: tuple(value) for name, value in noise.items() if name != "noise_type"}
    if a.take("noise_type", "uniform") != "gaussian" or tuple(given.get("mean_range", ())) != _STILL:
        raise Differs("only Gaussian noise about nought has an equal")
    return Noise("gaussian", given["std_range"])


def _bits(value: Json) -> tuple[int, int]:
    low, high = value if isinstance(value, tuple) else (value, value)
    return low, high


def _exchanged(a: Arguments, found: Conversion) -> None:
    found.notes.append(f"{a.name}: there red and blue are exchanged while the picture is a JPEG")


def _symmetry(a: Arguments, found: Conversion) -> Sequence[Transform]:
    return QuarterTurn(), Maybe(0.5, Mirror())


def _around(limit: Json) -> tuple[float, float]:
    low, high = limit if isinstance(limit, tuple) else (-limit, limit)
    return float(low), float(high)


def _pair(value: Json) -> tuple[float, float]:
    low, high = value if isinstance(value, tuple | list) else (value, value)
    return float(low), float(high)


def _up_to(value: Json, low: float) -> tuple[float, float]:
    return tuple(value) if isinstance(value, tuple) else (low, value)


RULES: dict[str, Rule] = {
    "AdditiveNoise": equal(_additive, spatial_mode="per_pixel", approximation=1.0),
    "Affine": _affine,
    "AutoContrast": equal(lambda a: AutoContrast(), cutoff=0, ignore=None, method="pil"),
    "Blur": equal(_box, also=reflected),
    "CenterCrop": _crop(CenterCrop),
    "ChannelShuffle": equal(lambda a: ChannelShuffle()),
    "ColorJitter": equal(_jitter),
    "D4": _symmetry,
    "ElasticTransform": _elastic,
    "Equalize": equal(lambda a: Equalize(), "mask_params", mode="cv", by_channels=True, mask=None),
    "GaussNoise": equal(
        lambda a: Noise("gaussian", a.take("std_range", (0.2, 0.44))),
        mean_range=_STILL,
        per_channel=True,
        noise_scale_factor=1,
    ),
    "GaussianBlur": equal(_gaussian, also=reflected),
    "HorizontalFlip": equal(lambda a: Mirror()),
    "ImageCompression": equal(
        lambda a: Jpeg(a.take("quality_range", (99, 100))), also=_exchanged, compression_type="jpeg"
    ),
    "InvertImg": equal(lambda a: Invert()),
    "LongestMaxSize": _one_side("longer"),
    "MedianBlur": equal(_median, also=reflected),
    "Pad": equal(lambda a: margins(a.take("padding", 0)), also=_outside),
    "PadIfNeeded": equal(
        lambda a: PadTo((a.take("min_height", 1024), a.take("min_width", 1024))),
        "padding",
        also=_outside,
        position="center",
        pad_height_divisor=None,
        pad_width_divisor=None,
    ),
    "Posterize": equal(lambda a: Posterize(_bits(a.take("num_bits", 4)))),
    "RandomBrightnessContrast": _gain_and_lift,
    "RandomCrop": _crop(RandomCrop),
    "RandomGamma": equal(_gamma),
    "RandomResizedCrop": equal(
        lambda a: RandomResizedCrop(
            tuple(a.take("size")), a.take("scale", (0.08, 1.0)), a.take("ratio", (3 / 4, 4 / 3))
        ),
        also=_shrunk,
    ),
    "RandomRotate90": equal(lambda a: QuarterTurn()),
    "Resize": equal(lambda a: Resize(_size(a)), also=_shrunk),
    "Rotate": _rotation,
    "SaltAndPepper": equal(
        lambda a: Noise("salt_and_pepper", a.take("amount", (0.01, 0.06))), salt_vs_pepper=(0.5, 0.5)
    ),
    "ShiftScaleRotate": _shift_scale_rotate,
    "SmallestMaxSize": _one_side("shorter"),
    "Solarize": equal(lambda a: Solarize(a.take("threshold_range", (0.5, 0.5)))),
    "SquareSymmetry": _symmetry,
    "TimeReverse": equal(lambda a: Mirror()),
    "ToGray": equal(lambda a: Grayscale(), method="weighted_average", num_output_channels=3),
    "Transpose": lambda a, found: (Rotate(90.0, "expand"), Mirror("vertical")),
    "VerticalFlip": equal(lambda a: Mirror("vertical")),
}
