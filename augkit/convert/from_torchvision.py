"""Lists of torchvision v2 transforms in Python source, translated: the source is parsed, and never run."""

import ast
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from augkit.convert.conversion import Arguments, Conversion, Differs, Rule, as_one, equal, margins, one_side, reflected
from augkit.core.arrays import Json
from augkit.core.sampling import Border
from augkit.errors import AugkitError, FileError
from augkit.transforms import Transform
from augkit.transforms.colour import Brightness, Grayscale, Saturation
from augkit.transforms.combinators import OneOf, RandomOrder
from augkit.transforms.crops import CenterCrop, Pad, RandomCrop, RandomResizedCrop, Resize, ResizeSide
from augkit.transforms.geometry import Mirror, Rotate, Scale, Shear, Translate
from augkit.transforms.levels import AutoContrast, ChannelShuffle, Equalize, Invert, Posterize, Solarize
from augkit.transforms.policies import AutoAugment, RandAugment, TrivialAugment
from augkit.transforms.policy_operations import BUILDERS
from augkit.transforms.texture import Blur, Erase, Jpeg, Noise

_PREPARATION = (
    *("ToImage", "ToDtype", "ToTensor", "PILToTensor", "ConvertImageDtype", "ConvertDtype", "ToPureTensor"),
    *("ToPILImage", "Normalize"),
)
_ELSEWHERE = {"Identity": "does nothing"} | dict.fromkeys(
    _PREPARATION, "done by the loader and the model's own preprocessing"
)
_HOLDERS = {  # and their arguments, in order
    "Compose": "transforms",
    "RandomApply": "transforms p",
    "RandomChoice": "transforms p",
    "RandomOrder": "transforms",
}
_TOP = 255  # of the range of 8 bits, in which its thresholds of whole numbers lie
_BORDERS: dict[Json, Border] = {"constant": "constant", "edge": "replicate", "symmetric": "reflect"}
_POLICIES: dict[str, Literal["imagenet", "cifar", "svhn"]]
_POLICIES = {"imagenet": "imagenet", "cifar10": "cifar", "svhn": "svhn"}
_STRENGTHS = 31  # of TrivialAugment
_STRONGEST = 10.0  # magnitude here that is the last of its bins
_REACH = 3.0  # standard deviations of a Gaussian that its kernel must show


def _sampled(a: Arguments, found: Conversion, default: str = "BILINEAR") -> None:
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
    size = _square(a.take("size"))
    if isinstance(size, tuple):
        _sampled(a, found)
        return (Resize(size),)
    _rounded(a, found)
    return (ResizeSide(size),)


def _rounded(a: Arguments, found: Conversion) -> None:
    _sampled(a, found)
    found.notes.append("the longer side is rounded here, and cut down to a whole number there")


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


def _blur(a: Arguments) -> Transform:
    sigma, kernel = a.take("sigma", (0.1, 2.0)), a.take("kernel_size")
    low, high = sigma if isinstance(sigma, tuple) else (sigma, sigma)
    shown = (min(kernel) if isinstance(kernel, tuple) else kernel) // 2
    if shown < _REACH * high:
        raise Differs(f"its kernel cuts off a Gaussian of {high:g} pixels: take Blur, which has no kernel size")
    return Blur("gaussian", (low, high))


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
    return (Erase(area=a.take("scale", (0.02, 0.33)), ratio=(1 / high, 1 / low), fill=fill),)


def _policy(a: Arguments, found: Conversion) -> None:
    """Take what its policies share, and say what differs in the operations themselves."""
    _filled(a, found)
    found.notes.append("its policies: Contrast pivots at the picture's mean there, and shears keep its corner in place")


def _rand_augment(a: Arguments) -> Transform:
    last = a.take("num_magnitude_bins", _STRENGTHS) - 1
    return RandAugment(a.take("num_ops", 2), round(_STRONGEST * a.take("magnitude", 9) / last, 9))


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
    "GaussianBlur": Theirs("kernel_size sigma", equal(_blur, also=reflected)),
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
    "RandomEqualize": Theirs("p", equal(lambda a: Equalize()), 0.5),
    "RandomErasing": Theirs("p scale ratio value inplace", _erase, 0.5),
    "RandomGrayscale": Theirs("p", equal(lambda a: Grayscale()), 0.1),
    "RandomHorizontalFlip": Theirs("p", equal(lambda a: Mirror()), 0.5),
    "RandomInvert": Theirs("p", equal(lambda a: Invert()), 0.5),
    "RandomPosterize": Theirs("bits p", equal(lambda a: Posterize(a.take("bits"))), 0.5),
    "RandomResizedCrop": Theirs(
        "size scale ratio interpolation antialias", equal(_resized_crop, also=_sampled, antialias=True)
    ),
    "RandomRotation": Theirs("degrees interpolation expand center fill", equal(_rotation, also=_filled, center=None)),
    "RandomShortestSize": Theirs(
        "min_size max_size interpolation antialias",
        equal(lambda a: one_side(a.take("min_size"), "shorter"), also=_rounded, max_size=None, antialias=True),
    ),
    "RandomSolarize": Theirs("threshold p", equal(_solarize), 0.5),
    "RandomVerticalFlip": Theirs("p", equal(lambda a: Mirror("vertical")), 0.5),
    "Resize": Theirs("size interpolation max_size antialias", _resize),
    "TrivialAugmentWide": Theirs(
        "num_magnitude_bins interpolation fill",
        equal(lambda a: TrivialAugment(), also=_policy, num_magnitude_bins=_STRENGTHS),
    ),
}


# ---- source


def torchvision_steps(text: str, name: str) -> Conversion:
    """Translate the first ``Compose([...])`` in Python source; `name` is that of its file."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as fault:
        raise FileError(f"must be Python source, got: {fault!s:.80}.", name) from None
    whole = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) == "Compose"]
    theirs = _names_of("albumentations", tree)  # some transforms have names of torchvision's, and other defaults
    whole.sort(key=lambda call: (call.lineno, call.col_offset))  # walked breadth first, inner ones come last
    calls = [call for call in whole if ast.unparse(call.func).partition(".")[0] not in theirs]
    if whole and not calls:
        advice = "Write it to a file, albumentations.save(pipeline, 'theirs.json'), and convert that."
        raise FileError(f"must hold torchvision's Compose([...]), got one of Albumentations. {advice}", name)
    if not calls:
        raise FileError("must hold a v2.Compose([...]), got none.", name)
    found = Conversion(name)
    others = [call for call in calls if call not in set(ast.walk(calls[0]))]
    found.notes += [f"line {call.lineno}: another Compose, which is not looked at" for call in others]
    found.steps += _steps(calls[0], found)
    return found


def _names_of(package: str, tree: ast.Module) -> set[str]:
    """Return the names that a source gives a package and what it takes from it."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {one.asname or package for one in node.names if one.name.partition(".")[0] == package}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == package:
            found |= {one.asname or one.name for one in node.names}
    return found


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def _steps(node: ast.expr, found: Conversion) -> list[Transform]:
    """Return the steps of one call; whatever has no equal is named in `found`."""
    where = f"line {node.lineno}"
    if not isinstance(node, ast.Call):
        found.left_out.append(f"{where} {ast.unparse(node):.60}: only calls of transforms can be read")
        return []
    name = _called(node)
    if name in _ELSEWHERE:
        found.notes.append(f"{where} {name}: {_ELSEWHERE[name]}")
        if name == "Normalize":
            found.normalised = _normalised(node)
        return []
    try:
        if name in _HOLDERS:
            return _held(name, _given(node, _HOLDERS[name]), found)
        if name not in RULES:
            raise Differs.altogether(name)
        theirs = RULES[name]
        values = {key: _value(value) for key, value in _given(node, theirs.arguments).items()}
        chance = values.pop("p", theirs.chance)
        steps = found.equal(name, theirs.rule, values)
        return [as_one(steps, chance)] if steps else []
    except (Differs, AugkitError) as fault:
        found.left_out.append(f"{where} {name}: {fault}")
    return []


def _normalised(node: ast.Call) -> tuple[Json, Json]:
    """Return mean and standard deviation as they are written out, None where they are not."""
    try:
        given = {key: _value(value) for key, value in _given(node, "mean std inplace").items()}
    except Differs:
        return None, None
    return given.get("mean"), given.get("std")


def _given(node: ast.Call, arguments: str) -> dict[str, ast.expr]:
    names = arguments.split()
    if len(node.args) > len(names) or any(isinstance(arg, ast.Starred) for arg in node.args):
        raise Differs("its arguments cannot be read")
    given = dict(zip(names, node.args, strict=False))
    for keyword in node.keywords:
        if keyword.arg is None:
            raise Differs("its arguments cannot be read")
        given[keyword.arg] = keyword.value
    return given


def _value(node: ast.expr) -> Json:
    """Return the value of an argument: plain values, quotients of numbers, and the last word of a dotted name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        above, below = _value(node.left), _value(node.right)
        if not isinstance(above, int | float) or not isinstance(below, int | float) or below == 0:
            raise Differs(f"{ast.unparse(node):.40} cannot be read")
        return above / below
    if isinstance(node, ast.Tuple | ast.List):
        return tuple(map(_value, node.elts))
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        raise Differs(f"{ast.unparse(node):.40} cannot be read: only values that are written out") from None


def _held(name: str, given: dict[str, ast.expr], found: Conversion) -> list[Transform]:
    inner = given.get("transforms")
    if not isinstance(inner, ast.List | ast.Tuple):
        raise Differs("its transforms must be a list that is written out")
    before = len(found.left_out)
    parts = [_steps(item, found) for item in inner.elts]
    steps = tuple(step for part in parts for step in part)
    if name == "Compose":
        return list(steps)
    if len(found.left_out) > before or not all(parts) or not parts:
        raise Differs("what it holds is not all there, and a part would be another")
    chance = _value(given["p"]) if "p" in given else None
    if name == "RandomApply":
        return [as_one(steps, 0.5 if chance is None else chance)]
    whole = tuple(map(as_one, parts))
    return [OneOf(whole, chance)] if name == "RandomChoice" else [RandomOrder(whole)]
