"""From a list of torchvision v2 transforms in Python source to ours: the source is parsed, and never run."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from augkit.convert.conversion import Arguments, Conversion, Differs, Rule, joined, perhaps, ruled
from augkit.errors import AugkitError, FileError
from augkit.transforms import Transform
from augkit.transforms.colour import Brightness, Grayscale, Saturation
from augkit.transforms.combinators import OneOf, RandomOrder
from augkit.transforms.crops import CenterCrop, RandomCrop, RandomResizedCrop, Resize
from augkit.transforms.geometry import Mirror, Rotate, Scale, Translate
from augkit.transforms.levels import ChannelShuffle, Invert, Posterize, Solarize

__all__ = ["RULES", "torchvision_steps"]

_PREPARATION = "done by the loader and the model's own preprocessing"
_ELSEWHERE = {
    *("ToImage", "ToDtype", "ToTensor", "PILToTensor", "ConvertImageDtype", "ConvertDtype", "ToPureTensor"),
    *("ToPILImage", "Normalize", "Identity"),
}
_HOLDERS = ("Compose", "RandomApply", "RandomChoice", "RandomOrder")
_POSITIONS = {  # the names of arguments that may be given by their place
    "CenterCrop": ("size",),
    "ColorJitter": ("brightness", "contrast", "saturation", "hue"),
    "Compose": ("transforms",),
    "Grayscale": ("num_output_channels",),
    "RandomAffine": ("degrees", "translate", "scale", "shear", "interpolation", "fill", "center"),
    "RandomApply": ("transforms", "p"),
    "RandomChoice": ("transforms", "p"),
    "RandomCrop": ("size", "padding", "pad_if_needed", "fill", "padding_mode"),
    "RandomGrayscale": ("p",),
    "RandomHorizontalFlip": ("p",),
    "RandomInvert": ("p",),
    "RandomOrder": ("transforms",),
    "RandomPosterize": ("bits", "p"),
    "RandomResizedCrop": ("size", "scale", "ratio", "interpolation", "antialias"),
    "RandomRotation": ("degrees", "interpolation", "expand", "center", "fill"),
    "RandomSolarize": ("threshold", "p"),
    "RandomVerticalFlip": ("p",),
    "Resize": ("size", "interpolation", "max_size", "antialias"),
}
_TOP = 255  # of the range of 8 bits, in which its thresholds of whole numbers lie


def torchvision_steps(text: str, name: str) -> Conversion:
    """Translate the first ``Compose([...])`` in the source.

    Args:
        text: Python source.
        name: of its file.

    Raises:
        FileError: it is no Python, or holds no such list.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as fault:
        raise FileError(f"must be Python source, got: {fault!s:.80}.", name) from None
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) == "Compose"]
    if not calls:
        raise FileError("must hold a v2.Compose([...]), got none.", name)
    found = Conversion(name)
    others = [call for call in calls if call not in set(ast.walk(calls[0]))]
    found.notes += [f"line {call.lineno}: another Compose, which is not looked at" for call in others]
    found.steps += _steps(calls[0], found)
    return found


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def _steps(node: ast.expr, found: Conversion) -> list[Transform]:
    """Return what one call becomes; what cannot be is named in `found`."""
    where = f"line {node.lineno}"
    if not isinstance(node, ast.Call):
        found.left_out.append(f"{where} {ast.unparse(node):.60}: only calls of transforms can be read")
        return []
    name = _called(node)
    if name in _ELSEWHERE:
        found.notes.append(f"{where} {name}: {_PREPARATION}")
        return []
    try:
        if name not in RULES and name not in _HOLDERS:
            raise Differs("no transform of ours means the same")
        given = _given(node, name)
        if name in _HOLDERS:
            return _held(name, given, found)
        values = {key: _value(value) for key, value in given.items()}
        chance = values.pop("p", _CHANCES.get(name, 1.0))
        steps = ruled(RULES[name], values, found)
        return [perhaps(chance, joined(steps))] if steps else []
    except (Differs, AugkitError) as fault:
        found.left_out.append(f"{where} {name}: {fault}")
    return []


def _given(node: ast.Call, name: str) -> dict[str, ast.expr]:
    names = _POSITIONS.get(name, ())
    if len(node.args) > len(names) or any(isinstance(arg, ast.Starred) for arg in node.args):
        raise Differs("its arguments cannot be read")
    given = dict(zip(names, node.args, strict=False))
    for keyword in node.keywords:
        if keyword.arg is None:
            raise Differs("its arguments cannot be read")
        given[keyword.arg] = keyword.value
    return given


def _value(node: ast.expr) -> Any:
    """Return what an argument says: plain values, quotients of numbers, and the last word of a dotted name."""
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
        return [perhaps(0.5 if chance is None else chance, joined(steps))]
    whole = tuple(map(joined, parts))
    return [OneOf(whole, chance)] if name == "RandomChoice" else [RandomOrder(whole)]


def _sampled(a: Arguments, found: Conversion, default: str) -> None:
    """Take the interpolation, which belongs to our pipelines: linear is the default of ours."""
    how = a.take("interpolation", default)
    if how not in ("BILINEAR", "NEAREST"):
        raise Differs(f"interpolation={how} has no equal")
    if how == "NEAREST":
        found.notes.append("pixels are sampled linearly here, where it takes the nearest: add `interpolation: nearest`")


def _square(size: Any) -> Any:
    return size[0] if isinstance(size, tuple) and len(size) == 1 else size


def _center_crop(a: Arguments, found: Conversion) -> Sequence[Transform]:
    return (CenterCrop(_square(a.take("size"))),)


def _crop(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(padding=None, pad_if_needed=False, fill=0, padding_mode="constant")
    return (RandomCrop(_square(a.take("size"))),)


def _resize(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(max_size=None, antialias=True)
    _sampled(a, found, "BILINEAR")
    size = a.take("size")
    if not isinstance(size, tuple) or len(size) != 2:
        raise Differs("a size of the shorter side alone has no equal: give (height, width)")
    return (Resize(size),)


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
    a.only(shear=None, center=None)
    _sampled(a, found, "NEAREST")
    found.outside("constant", a.take("fill", 0))
    degrees, scale, shift = _around(a.take("degrees"), 0.0), a.take("scale"), a.take("translate")
    steps: list[Transform] = [Scale(scale)] if scale else []
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


def _grey(a: Arguments, found: Conversion) -> Sequence[Transform]:
    a.only(num_output_channels=3)
    return (Grayscale(),)


def _solarize(a: Arguments, found: Conversion) -> Sequence[Transform]:
    threshold = a.take("threshold")
    level = threshold / _TOP if isinstance(threshold, int) and threshold > 1 else float(threshold)
    return (Solarize(level),)


def _around(value: Any, middle: float) -> tuple[float, float]:
    return tuple(value) if isinstance(value, tuple) else (middle - value, middle + value)


_CHANCES = {"RandomGrayscale": 0.1} | dict.fromkeys(
    ("RandomHorizontalFlip", "RandomInvert", "RandomPosterize", "RandomSolarize", "RandomVerticalFlip"), 0.5
)
RULES: dict[str, Rule] = {
    "CenterCrop": _center_crop,
    "ColorJitter": _jitter,
    "Grayscale": _grey,
    "RandomAffine": _affine,
    "RandomChannelPermutation": lambda a, found: (ChannelShuffle(),),
    "RandomCrop": _crop,
    "RandomGrayscale": lambda a, found: (Grayscale(),),
    "RandomHorizontalFlip": lambda a, found: (Mirror(),),
    "RandomInvert": lambda a, found: (Invert(),),
    "RandomPosterize": lambda a, found: (Posterize(a.take("bits")),),
    "RandomResizedCrop": _resized_crop,
    "RandomRotation": _rotation,
    "RandomSolarize": _solarize,
    "RandomVerticalFlip": lambda a, found: (Mirror("vertical"),),
    "Resize": _resize,
}
