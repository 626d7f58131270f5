"""Rules for the transforms of torchvision v2 that have an equal here, one a transform."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from augkit.convert.conversion import Arguments, Conversion, Differs, Rule, equal, margins, resized_side
from augkit.core.arrays import Json
from augkit.core.sampling import Border
from augkit.transforms import Transform
from augkit.transforms.colour import Brightness, Grayscale, Saturation
from augkit.transforms.combinators import RandomOrder
from augkit.transforms.crops import CenterCrop, Pad, RandomCrop, RandomResizedCrop, Resize, ResizeSide
from augkit.transforms.geometry import Mirror, Rotate, Scale, Shear, Translate
from augkit.transforms.levels import AutoContrast, ChannelShuffle, Equalize, Invert, Posterize, Solarize
from augkit.transforms.policies import AutoAugment, RandAugment, TrivialAugment
from augkit.transforms.policy_operations import BUILDERS
from augkit.transforms.texture import Blur, Erase, Jpeg, Noise

_TOP = 255  # of the range of 8 bits, in which its thresholds of whole numbers lie
_BORDERS: dict[Json, Border] = {"constant": "constant", "edge": "replicate", "symmetric": "reflect"}
_POLICIES: dict[str, Literal["imagenet", "cifar", "svhn"]]
_POLICIES = {"imagenet": "imagenet", "cifar10": "cifar", "svhn": "svhn"}
_STRENGTHS = 31  # of TrivialAugment
_STRONGEST = 10.0  # magnitude here that is the last of its bins
_ROUNDED = "the longer side is rounded here, and cut down to a whole number there"
_REACH = 3.0  # standard deviations of a Gaussian that its kernel must show


def _sampled(a: Arguments, found: Conversion, default: str) -> None:
    """Take the interpolation, which belongs to our pipelines: linear is the default of ours."""
    how = str(a.take("interpolation", default)).upper()
    if how not in ("BILINEAR", "NEAREST"):
        raise Differs(f"interpolation={how} has no equal")
    if how == "NEAREST":
        found.notes.append("pixels are sampled linearly here, where it takes the nearest: add `interpolation: nearest`")


def _square(size: Json) -> Json:
    return size[0] if isinstance(size, tuple) and len(size) == 1 else size


def _padding(a: Arguments, found: Conversion) -> Sequence[Transform]:
    """Return the margins; where there are none, a crop may still need the border."""
    pad = margins(a.take("padding") or 0)
    mode, fill, needed = a.take("padding_mode", "constant"), a.take("fill", 0), a.take("pad_if_needed", False)
    if needed or pad != Pad():
        found.outside(_BORDERS.get(mode), fill or 0)
    return (pad,) if pad != Pad() else ()


def _crop(a: Arguments, found: Conversion) -> Sequence[Transform]:
    return (*_padding(a, found), RandomCrop(_square(a.take("size"))))


def _resize(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(max_size=None, antialias=True)
    _sampled(a, found, "BILINEAR")
    size = _square(a.take("size"))
    if isinstance(size, tuple):
        return (Resize(size),)
    found.notes.append(_ROUNDED)
    return (ResizeSide(size),)


def _shortest(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(max_size=None, antialias=True)
    _sampled(a, found, "BILINEAR")
    found.notes.append(_ROUNDED)
    return (resized_side(a.take("min_size"), "shorter"),)


def _resized_crop(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(antialias=True)
    _sampled(a, found, "BILINEAR")
    scale, ratio = a.take("scale", (0.08, 1.0)), a.take("ratio", (3 / 4, 4 / 3))
    return (RandomResizedCrop(_square(a.take("size")), scale, ratio),)


def _rotation(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(center=None)
    _sampled(a, found, "NEAREST")
    found.outside("constant", a.take("fill", 0))
    return (Rotate(_around(a.take("degrees"), 0.0), "expand" if a.take("expand", False) else "keep"),)


def _affine(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(center=None)
    _sampled(a, found, "NEAREST")
    found.outside("constant", a.take("fill", 0))
    degrees, scale, shift = _around(a.take("degrees"), 0.0), a.take("scale"), a.take("translate")
    sheared = _around(a.take("shear") or 0.0, 0.0)
    if len(sheared) != 2 and any(sheared[2:]):
        raise Differs("a shear along y after one along x has no equal")
    steps: list[Transform] = [Scale(scale)] if scale else []
    if any(sheared):
        steps.append(Shear((-sheared[1], -sheared[0])))  # it shears to the other side
    if degrees != (0.0, 0.0):
        steps.append(Rotate((-degrees[1], -degrees[0])))  # its positive degrees turn clockwise
    return [*steps, Translate(_around(shift[0], 0.0), _around(shift[1], 0.0))] if shift else steps


def _jitter(a: Arguments, found: Conversion) -> Sequence[Transform]:
    """Return brightness and saturation; its contrast is about the picture's own mean, its hue an angle in HSV."""
    for name in ("contrast", "hue"):
        if a.take(name, 0) not in (0, None, 0.0):
            raise Differs(f"{name} means another thing there: take {name.capitalize()} yourself")
    kinds: tuple[tuple[str, Callable[..., Transform]], ...] = (("brightness", Brightness), ("saturation", Saturation))
    values = ((a.take(name), cls) for name, cls in kinds)
    steps = [cls(tuple(max(0.0, end) for end in _around(value, 1.0))) for value, cls in values if value]
    return (RandomOrder(tuple(steps)),) if len(steps) > 1 else steps


def _solarize(a: Arguments) -> Transform:
    threshold = a.take("threshold")
    return Solarize(threshold / _TOP if isinstance(threshold, int) and threshold > 1 else float(threshold))


def _blur(a: Arguments, found: Conversion) -> Sequence[Transform]:
    sigma, kernel = a.take("sigma", (0.1, 2.0)), a.take("kernel_size")
    low, high = sigma if isinstance(sigma, tuple) else (sigma, sigma)
    shown = (min(kernel) if isinstance(kernel, tuple) else kernel) // 2
    if shown < _REACH * high:
        raise Differs(f"its kernel cuts off a Gaussian of {high:g} pixels: take Blur, which has no kernel size")
    found.reflected("GaussianBlur")
    return (Blur("gaussian", (low, high)),)


def _sharpness(a: Arguments, found: Conversion) -> Sequence[Transform]:
    step = BUILDERS["Sharpness"](float(a.take("sharpness_factor")))
    found.reflected("RandomAdjustSharpness")
    return (step,) if step else ()


def _erase(a: Arguments, found: Conversion) -> Sequence[Transform]:
    """Return rectangles of the same areas; its ratio is height / width, and its paint what normalised pixels hold."""
    a.only("inplace")
    (low, high), value = a.take("ratio", (0.3, 3.3)), a.take("value", 0)
    values = value if isinstance(value, tuple) else (value,)
    if isinstance(value, str):
        raise Differs("its noise is normal, not uniform: take Erase with fill: noise")
    fill: tuple[float, ...] = (0.0,)
    if found.normalised:
        mean, std = found.normalised
        if mean is None or std is None:
            raise Differs("it paints with the mean that Normalize takes off, which is not written out: take Erase")
        fill = tuple(m + s * values[n % len(values)] for n, (m, s) in enumerate(zip(mean, std, strict=True)))
    elif any(values):
        raise Differs("what its value means depends on the pixels' type: take Erase with a fill of 0 to 1")
    return (Erase(area=a.take("scale", (0.02, 0.33)), ratio=(1 / high, 1 / low), fill=fill),)


def _policy(a: Arguments, found: Conversion) -> None:
    """Take what its policies share, and say what differs in the operations themselves."""
    _sampled(a, found, "NEAREST")
    found.outside("constant", a.take("fill") or 0)
    found.notes.append("its policies: Contrast pivots at the picture's mean there, and shears keep its corner in place")


def _rand_augment(a: Arguments, found: Conversion) -> Sequence[Transform]:
    last = a.take("num_magnitude_bins", _STRENGTHS) - 1
    _policy(a, found)
    return (RandAugment(a.take("num_ops", 2), round(_STRONGEST * a.take("magnitude", 9) / last, 9)),)


def _trivial(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(num_magnitude_bins=_STRENGTHS)
    _policy(a, found)
    return (TrivialAugment(),)


def _auto_augment(a: Arguments, found: Conversion) -> Sequence[Transform]:
    policy = _POLICIES[a.take("policy", "imagenet").lower()]
    _policy(a, found)
    found.notes.append("AutoAugment: the magnitudes of Posterize and Solarize count the other way there")
    return (AutoAugment(policy),)


def _around(value: Json, middle: float) -> tuple[float, float]:
    return tuple(value) if isinstance(value, tuple) else (middle - value, middle + value)


class Theirs(NamedTuple):
    """A transform of torchvision.

    Args:
        arguments: their names in order, with blanks between.
        rule: what it is here.
        chance: of its being done, where no ``p`` is given.
    """

    arguments: str
    rule: Rule
    chance: float = 1.0


RULES = {
    "AutoAugment": Theirs("policy interpolation fill", _auto_augment),
    "CenterCrop": Theirs("size", equal(lambda a: CenterCrop(_square(a.take("size"))))),
    "ColorJitter": Theirs("brightness contrast saturation hue", _jitter),
    "GaussianBlur": Theirs("kernel_size sigma", _blur),
    "GaussianNoise": Theirs(
        "mean sigma clip", equal(lambda a: Noise("gaussian", a.take("sigma", 0.1)), mean=0.0, clip=True)
    ),
    "Grayscale": Theirs("num_output_channels", equal(lambda a: Grayscale(), num_output_channels=3)),
    "JPEG": Theirs("quality", equal(lambda a: Jpeg(a.take("quality")))),
    "Pad": Theirs("padding fill padding_mode", _padding),
    "RandAugment": Theirs("num_ops magnitude num_magnitude_bins interpolation fill", _rand_augment),
    "RandomAdjustSharpness": Theirs("sharpness_factor p", _sharpness, 0.5),
    "RandomAffine": Theirs("degrees translate scale shear interpolation fill center", _affine),
    "RandomAutocontrast": Theirs("p", equal(lambda a: AutoContrast()), 0.5),
    "RandomChannelPermutation": Theirs("", equal(lambda a: ChannelShuffle())),
    "RandomCrop": Theirs("size padding pad_if_needed fill padding_mode", _crop),
    "RandomEqualize": Theirs("p", equal(lambda a: Equalize()), 0.5),
    "RandomErasing": Theirs("p scale ratio value inplace", _erase, 0.5),
    "RandomGrayscale": Theirs("p", equal(lambda a: Grayscale()), 0.1),
    "RandomHorizontalFlip": Theirs("p", equal(lambda a: Mirror()), 0.5),
    "RandomInvert": Theirs("p", equal(lambda a: Invert()), 0.5),
    "RandomPosterize": Theirs("bits p", equal(lambda a: Posterize(a.take("bits"))), 0.5),
    "RandomResizedCrop": Theirs("size scale ratio interpolation antialias", _resized_crop),
    "RandomRotation": Theirs("degrees interpolation expand center fill", _rotation),
    "RandomShortestSize": Theirs("min_size max_size interpolation antialias", _shortest),
    "RandomSolarize": Theirs("threshold p", equal(_solarize), 0.5),
    "RandomVerticalFlip": Theirs("p", equal(lambda a: Mirror("vertical")), 0.5),
    "Resize": Theirs("size interpolation max_size antialias", _resize),
    "TrivialAugmentWide": Theirs("num_magnitude_bins interpolation fill", _trivial),
}
