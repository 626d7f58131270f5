"""Rules for each transform of torchvision v2 that is one of ours: from its arguments to steps.

What a step of ours does otherwise is noted, so that it can be told.
"""

import math
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from augkit.convert.conversion import Arguments, Conversion, Differs, Rule, equal, margins, one_side, reflected
from augkit.core.arrays import Json
from augkit.core.sampling import Border, Interpolation
from augkit.transforms import Transform
from augkit.transforms.colour import Brightness, Contrast, Grayscale, Hue, Saturation
from augkit.transforms.combinators import Maybe, RandomOrder
from augkit.transforms.crops import CenterCrop, Pad, RandomCrop, RandomResizedCrop, Resize, ResizeSide
from augkit.transforms.filters import Convolve
from augkit.transforms.geometry import Mirror, Perspective, Rotate, Scale, Shear, Translate
from augkit.transforms.levels import AutoContrast, ChannelShuffle, Equalize, Invert, Posterize, Solarize
from augkit.transforms.policies import AugMix, AutoAugment, RandAugment, TrivialAugment
from augkit.transforms.policy_operations import BUILDERS
from augkit.transforms.texture import Blur, Erase, Jpeg, Noise
from augkit.transforms.warps import ElasticWarp

_TOP = 255  # of the range of 8 bits, in which its thresholds of whole numbers lie
_BORDERS: dict[Json, Border] = {"constant": "constant", "edge": "replicate", "symmetric": "reflect"}
_POLICIES: dict[str, Literal["imagenet", "cifar", "svhn"]]
_POLICIES = {"imagenet": "imagenet", "cifar10": "cifar", "svhn": "svhn"}
_STRENGTHS = 31  # of TrivialAugment
_STRONGEST = 10.0  # magnitude here that is the last of its bins
_REACH = 3.0  # standard deviations of a Gaussian that its kernel must show
_SAMPLINGS: dict[str, Interpolation] = {
    "BILINEAR": "linear", "NEAREST": "nearest", "NEAREST_EXACT": "nearest", "BICUBIC": "cubic", "LANCZOS": "lanczos",
}  # fmt: skip
_FARTHEST_CORNER = 0.2  # of Perspective
_PIVOT = "contrast is about the picture's own mean grey there, about the middle of the range here"
_HISTOGRAM = (
    "a channel's brightest level is left out of the count there (Pillow), its darkest here (OpenCV): up to 25 levels "
    "apart on a photo with much black"
)


def _sampled(a: Arguments, found: Conversion, default: str = "BILINEAR") -> None:
    """Take the interpolation, which belongs to our pipelines: linear is the default of ours."""
    how = str(a.take("interpolation", default)).upper()
    if how not in _SAMPLINGS:
        raise Differs(f"interpolation={how} has no equal")
    if how == "NEAREST":
        found.notes.append("pixels are sampled linearly here, where it takes the nearest: add `interpolation: nearest`")
    else:
        found.sampled(_SAMPLINGS[how], a.name)


def _smoothed(a: Arguments, found: Conversion) -> None:
    _sampled(a, found)
    if not a.take("antialias", True):
        found.aliased(a.name)


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
    refuses = not a.given.get("pad_if_needed", False)
    steps = (*_padding(a, found), RandomCrop(_square(a.take("size"))))
    if refuses:
        found.notes.append("RandomCrop: a smaller picture is refused there; the border rule fills it here")
    return steps


def _centre(a: Arguments, found: Conversion) -> Sequence[Transform]:
    found.notes.append(
        "CenterCrop: what lies beyond a smaller picture is black there; here the border rule fills it "
        "(`border: constant` for black)"
    )
    return (CenterCrop(_square(a.take("size"))),)


def _resize(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(max_size=None)
    size = _square(a.take("size"))
    if isinstance(size, tuple):
        _smoothed(a, found)
        return (Resize(size),)
    _rounded(a, found)
    return (ResizeSide(size),)


def _rounded(a: Arguments, found: Conversion) -> None:
    _smoothed(a, found)
    found.notes.append("the longer side is rounded here, and cut down to a whole number there")


def _between(a: Arguments, found: Conversion) -> Sequence[Transform]:
    """Return a shorter side of any length from `min_size` to below `max_size`."""
    _rounded(a, found)
    return (ResizeSide((a.take("min_size"), a.take("max_size") - 1)),)


def _resized_crop(a: Arguments) -> Transform:
    scale, ratio = a.take("scale", (0.08, 1.0)), a.take("ratio", (3 / 4, 4 / 3))
    return RandomResizedCrop(_square(a.take("size")), scale, ratio)


def _filled(a: Arguments, found: Conversion) -> None:
    _sampled(a, found, "NEAREST")
    found.outside("constant", a.take("fill") or 0)


def _rotation(a: Arguments) -> Transform:
    return Rotate(_around(a.take("degrees"), 0.0), "expand" if a.take("expand", False) else "keep")


def _affine(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(center=None)
    _filled(a, found)
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
    """Return what of brightness, contrast, saturation and hue it draws, in a random order as there."""
    steps = _colours(a, found, {"brightness": 0, "contrast": 0, "saturation": 0, "hue": 0})
    return (RandomOrder(tuple(steps)),) if len(steps) > 1 else steps


def _colours(a: Arguments, found: Conversion, defaults: dict[str, Json]) -> list[Transform]:
    """Return a step for each of the four changes that is asked for, and note what is not quite the same."""
    kinds: dict[str, Callable[..., Transform]] = {"brightness": Brightness, "contrast": Contrast}
    kinds["saturation"] = Saturation
    steps: list[Transform] = []
    for name, default in defaults.items():
        value = a.take(name, default)
        if not value or value == ((0.0, 0.0) if name == "hue" else (1.0, 1.0)):
            continue
        if name == "hue":
            low, high = _around(value, 0.0)
            steps.append(Hue((round(360.0 * low, 9), round(360.0 * high, 9))))
            found.notes.append(f"{a.name}: its hue is an angle in HSV; here one as large in YIQ, which keeps luma")
        else:
            steps.append(kinds[name](tuple(max(0.0, end) for end in _around(value, 1.0))))
        if name == "contrast":
            found.notes.append(f"{a.name}: {_PIVOT}")
    return steps


def _distortion(a: Arguments, found: Conversion) -> Sequence[Transform]:
    """Return SSD's changes of light, each with the chance that is given for all of them."""
    ranges = {"brightness": (0.875, 1.125), "contrast": (0.5, 1.5), "saturation": (0.5, 1.5), "hue": (-0.05, 0.05)}
    chance = a.take("p", 0.5)
    steps = _colours(a, found, ranges)
    found.notes.append(f"{a.name}: there contrast comes before saturation or after hue, here always before")
    return [Maybe(chance, step) for step in (*steps, ChannelShuffle())]


def _perspective(a: Arguments, found: Conversion) -> Sequence[Transform]:
    """Return corners that move inwards, each by up to half of `distortion_scale` of the half side.

    That is as much as they move to both sides here, and a zoom that brings their mean in.
    """
    _sampled(a, found)
    scale = float(a.take("distortion_scale", 0.5))
    found.outside("constant", a.take("fill") or 0)
    zoom = 1.0 - scale / 2.0
    strength = round(scale / 4.0 / zoom, 9)
    if strength > _FARTHEST_CORNER:
        raise Differs(f"corners may be moved by {_FARTHEST_CORNER:g} of the side here, not by {strength:.2g}")
    found.aliased(a.name)
    return Perspective((strength, strength)), Scale((zoom, zoom))


def _elastic(a: Arguments, found: Conversion) -> Sequence[Transform]:
    """Return the field of half its alpha: there displacements are fractions of half the picture."""
    _sampled(a, found)
    found.outside("constant", a.take("fill") or 0)
    alpha, sigma = a.take("alpha", 50.0), a.take("sigma", 5.0)
    alphas, sigmas = (value if isinstance(value, tuple) else (value, value) for value in (alpha, sigma))
    if len({*alphas}) > 1 or len({*sigmas}) > 1:
        raise Differs("a field of another strength along each axis has no equal")
    found.notes.append(f"{a.name}: fields fold there where they are steep; here they do not")
    return (ElasticWarp(alphas[0] / 2.0, float(sigmas[0])),)


def _solarize(a: Arguments) -> Transform:
    threshold = a.take("threshold")
    return Solarize(threshold / _TOP if isinstance(threshold, int) and threshold > 1 else float(threshold))


def _blur(a: Arguments, found: Conversion) -> Sequence[Transform]:
    """Return a Gaussian; where a fixed one is cut off by its kernel, that kernel; else one as wide as what is left."""
    sigma, kernel = a.take("sigma", (0.1, 2.0)), a.take("kernel_size")
    low, high = sigma if isinstance(sigma, tuple) else (sigma, sigma)
    across, down = kernel if isinstance(kernel, tuple) else (kernel, kernel)
    reflected(a, found)
    if min(across, down) // 2 >= _REACH * high:
        return (Blur("gaussian", (low, high)),)
    if low == high:
        rows, columns = _taps(down, high), _taps(across, high)
        return (Convolve(tuple(tuple(round(one * other, 12) for other in columns) for one in rows)),)
    narrow, wide = (round(_width(min(across, down), value), 6) for value in (low, high))
    found.notes.append(
        f"{a.name}: its kernel of {min(across, down)} pixels cuts its Gaussians off; here they are whole, of the "
        f"standard deviations that the cut ones have, {narrow:.2g} to {wide:.2g} px"
    )
    return (Blur("gaussian", (narrow, wide)),)


def _taps(side: int, sigma: float) -> list[float]:
    """Return the weights of a Gaussian that is cut off, along one axis."""
    weights = [math.exp(-0.5 * ((place - (side - 1) / 2) / sigma) ** 2) for place in range(side)]
    return [weight / math.fsum(weights) for weight in weights]


def _width(side: int, sigma: float) -> float:
    """Return the standard deviation of a Gaussian that is cut off, in pixels."""
    return math.sqrt(sum(tap * (place - (side - 1) / 2) ** 2 for place, tap in enumerate(_taps(side, sigma))))


def _sharpness(a: Arguments, found: Conversion) -> Sequence[Transform]:
    step = BUILDERS["Sharpness"](float(a.take("sharpness_factor")))
    reflected(a, found)
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
    found.notes.append(
        f"{a.name}: a rectangle that does not fit is drawn anew there, ten times; here its aspect is one that fits"
    )
    return (Erase(area=a.take("scale", (0.02, 0.33)), ratio=(1 / high, 1 / low), fill=fill),)


def _equalize(a: Arguments, found: Conversion) -> Sequence[Transform]:
    found.notes.append(f"{a.name}: {_HISTOGRAM}")
    return (Equalize(),)


def _policy(a: Arguments, found: Conversion) -> None:
    """Take what its policies share, and say what differs in the operations themselves."""
    _filled(a, found)
    found.notes.append(f"{a.name}: {_PIVOT}")
    found.notes.append(f"{a.name}: shears keep the picture's corner in place there, its centre here")
    found.notes.append(f"{a.name}: Equalize: {_HISTOGRAM}")


def _rand_augment(a: Arguments) -> Transform:
    last = a.take("num_magnitude_bins", _STRENGTHS) - 1
    return RandAugment(a.take("num_ops", 2), round(_STRONGEST * a.take("magnitude", 9) / last, 9))


def _auto_augment(a: Arguments, found: Conversion) -> Sequence[Transform]:
    policy = _POLICIES[a.take("policy", "imagenet").lower()]
    _policy(a, found)
    return (AutoAugment(policy),)


def _aug_mix(a: Arguments, found: Conversion) -> Sequence[Transform]:
    depth, with_all = a.take("chain_depth", -1), a.take("all_ops", True)
    a.given.setdefault("interpolation", "BILINEAR")
    _policy(a, found)
    found.notes.append(f"{a.name}: its magnitudes are those of `severity` steps of ten there; here any up to severity")
    if with_all:
        found.notes.append(f"{a.name}: all_ops changes brightness, contrast, colour and sharpness too; here none does")
    width, alpha = a.take("mixture_width", 3), float(a.take("alpha", 1.0))
    return (AugMix(float(a.take("severity", 3)), width, depth if depth > 0 else (1, 3), alpha),)


def _around(value: Json, middle: float) -> tuple[float, float]:
    return tuple(value) if isinstance(value, tuple) else (middle - value, middle + value)


class Theirs(NamedTuple):
    """A transform of torchvision.

    Args:
        arguments: their names in order, with blanks between.
        rule: what it is here.
        chance: of its being done, where no ``p`` is given.
        own_chance: its rule takes ``p``, as the chance of something else.
    """

    arguments: str
    rule: Rule
    chance: float = 1.0
    own_chance: bool = False


RULES = {
    "AugMix": Theirs("severity mixture_width chain_depth alpha all_ops interpolation fill", _aug_mix),
    "AutoAugment": Theirs("policy interpolation fill", _auto_augment),
    "CenterCrop": Theirs("size", _centre),
    "ColorJitter": Theirs("brightness contrast saturation hue", _jitter),
    "ElasticTransform": Theirs("alpha sigma interpolation fill", _elastic),
    "GaussianBlur": Theirs("kernel_size sigma", _blur),
    "GaussianNoise": Theirs(
        "mean sigma clip", equal(lambda a: Noise("gaussian", a.take("sigma", 0.1)), mean=0.0, clip=True)
    ),
    "Grayscale": Theirs("num_output_channels", equal(lambda a: Grayscale(), num_output_channels=3)),
    "JPEG": Theirs("quality", equal(lambda a: Jpeg(a.take("quality")))),
    "Pad": Theirs("padding fill padding_mode", _padding),
    "RandAugment": Theirs(
        "num_ops magnitude num_magnitude_bins interpolation fill", equal(_rand_augment, also=_policy)
    ),
    "RandomAdjustSharpness": Theirs("sharpness_factor p", _sharpness, 0.5),
    "RandomAffine": Theirs("degrees translate scale shear interpolation fill center", _affine),
    "RandomAutocontrast": Theirs("p", equal(lambda a: AutoContrast()), 0.5),
    "RandomChannelPermutation": Theirs("", equal(lambda a: ChannelShuffle())),
    "RandomCrop": Theirs("size padding pad_if_needed fill padding_mode", _crop),
    "RandomEqualize": Theirs("p", _equalize, 0.5),
    "RandomErasing": Theirs("p scale ratio value inplace", _erase, 0.5),
    "RandomGrayscale": Theirs("p", equal(lambda a: Grayscale()), 0.1),
    "RandomHorizontalFlip": Theirs("p", equal(lambda a: Mirror()), 0.5),
    "RandomInvert": Theirs("p", equal(lambda a: Invert()), 0.5),
    "RandomPerspective": Theirs("distortion_scale p interpolation fill", _perspective, 0.5),
    "RandomPhotometricDistort": Theirs("brightness contrast saturation hue p", _distortion, own_chance=True),
    "RandomPosterize": Theirs("bits p", equal(lambda a: Posterize(a.take("bits"))), 0.5),
    "RandomResize": Theirs("min_size max_size interpolation antialias", _between),
    "RandomResizedCrop": Theirs("size scale ratio interpolation antialias", equal(_resized_crop, also=_smoothed)),
    "RandomRotation": Theirs("degrees interpolation expand center fill", equal(_rotation, also=_filled, center=None)),
    "RandomShortestSize": Theirs(
        "min_size max_size interpolation antialias",
        equal(lambda a: one_side(a.take("min_size"), "shorter"), also=_rounded, max_size=None),
    ),
    "RandomSolarize": Theirs("threshold p", equal(_solarize), 0.5),
    "RandomVerticalFlip": Theirs("p", equal(lambda a: Mirror("vertical")), 0.5),
    "Resize": Theirs("size interpolation max_size antialias", _resize),
    "TrivialAugmentWide": Theirs(
        "num_magnitude_bins interpolation fill",
        equal(lambda a: TrivialAugment(), also=_policy, num_magnitude_bins=_STRENGTHS),
    ),
}
