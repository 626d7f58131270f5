"""Files of ``albumentations.save``, translated: a transform that has an equal becomes it, the rest is kept as it is."""

from collections.abc import Mapping, Sequence
from typing import Literal

from augkit.convert.conversion import Arguments, Conversion, Differs, Rule, as_one, equal, margins, one_side, reflected
from augkit.core.arrays import Json, JsonObject
from augkit.core.sampling import Border
from augkit.errors import AugkitError, FileError
from augkit.transforms import Transform
from augkit.transforms.colour import Brightness, Gamma, Grayscale
from augkit.transforms.combinators import Maybe, OneOf, RandomOrder, Sequence as InOrder, SomeOf
from augkit.transforms.crops import CenterCrop, PadTo, RandomCrop, RandomResizedCrop, Resize
from augkit.transforms.finding import FOREIGN
from augkit.transforms.geometry import Mirror, QuarterTurn, Rotate, Scale, Shear, Translate
from augkit.transforms.levels import AutoContrast, ChannelShuffle, Equalize, Invert, Posterize, Solarize
from augkit.transforms.texture import Blur, Jpeg, Noise

_CLASS = "__class_fullname__"
_ELSEWHERE = {
    "Normalize": "done by the model's own preprocessing",
    "ToTensorV2": "done by the loader",
    "NoOp": "does nothing",
}
_GROUPS = ("Compose", "Sequential")
_CHOICES = ("OneOf", "RandomOrder", "SomeOf")
_BORDERS: dict[Json, Border] = {0: "constant", 1: "replicate", 2: "reflect", 3: "wrap"}  # OpenCV's numbers
_STILL = (0.0, 0.0)
_SAMPLED: JsonObject = {"interpolation": 1, "mask_interpolation": 0}  # linearly, masks from the nearest pixel


def _size(a: Arguments) -> tuple[Json, Json]:
    return a.take("height"), a.take("width")


def _crop(cls: type[CenterCrop | RandomCrop]) -> Rule:
    return equal(lambda a: cls(_size(a)), "border_mode", "fill", "fill_mask", "pad_position", pad_if_needed=False)


def _one_side(side: Literal["shorter", "longer"]) -> Rule:
    return equal(lambda a: one_side(a.take("max_size"), side), area_for_downscale=None, max_size_hw=None, **_SAMPLED)


def _affine(a: Arguments, found: Conversion) -> Sequence[Transform]:
    """Return zoom, turn, shear and shift, in its order, each about the picture's centre."""
    a.only(fit_output=False, balanced_scale=False, rotate_method="largest_box", **_SAMPLED)
    if a.take("translate_px") not in (None, {"x": [0, 0], "y": [0, 0]}):
        raise Differs("a shift in pixels has no equal")
    turn, is_square, scale = a.take("rotate", (0.0, 0.0)), a.take("keep_ratio", False), a.take("scale", {})
    shift: JsonObject = a.take("translate_percent") or {}
    sheared: JsonObject = a.take("shear") or {}
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


def _gamma(a: Arguments) -> Transform:
    low, high = a.take("gamma_limit", (80.0, 120.0))
    return Gamma((low / 100.0, high / 100.0))


def _gain(a: Arguments) -> Transform:
    """Return its contrast, a factor about black; its brightness is a sum, which nothing here is."""
    low, high = _around(a.take("contrast_limit", (-0.2, 0.2)))
    return Brightness((1.0 + low, 1.0 + high))


def _blur(a: Arguments) -> Transform:
    if a.take("blur_limit", 0) not in (0, (0, 0)):
        raise Differs("a kernel that cuts the Gaussian off has no equal")
    return Blur("gaussian", a.take("sigma_limit", (0.5, 3.0)))


def _median(a: Arguments) -> Transform:
    low, high = a.take("blur_limit", (3, 7))
    if low != high:
        raise Differs("sizes that are all alike have no equal")
    return Blur("median", float(low // 2))


def _exchanged(a: Arguments, found: Conversion) -> None:
    found.notes.append(f"{a.name}: there red and blue are exchanged while the picture is a JPEG")


def _symmetry(a: Arguments, found: Conversion) -> Sequence[Transform]:
    return QuarterTurn(), Maybe(0.5, Mirror())


def _around(limit: Json) -> tuple[float, float]:
    return tuple(limit) if isinstance(limit, tuple) else (-limit, limit)


RULES: dict[str, Rule] = {
    "Affine": _affine,
    "AutoContrast": equal(lambda a: AutoContrast(), cutoff=0, ignore=None, method="pil"),
    "CenterCrop": _crop(CenterCrop),
    "ChannelShuffle": equal(lambda a: ChannelShuffle()),
    "D4": _symmetry,
    "Equalize": equal(lambda a: Equalize(), "mask_params", mode="cv", by_channels=True, mask=None),
    "GaussNoise": equal(
        lambda a: Noise("gaussian", a.take("std_range", (0.2, 0.44))),
        mean_range=_STILL,
        per_channel=True,
        noise_scale_factor=1,
    ),
    "GaussianBlur": equal(_blur, also=reflected),
    "HorizontalFlip": equal(lambda a: Mirror()),
    "ImageCompression": equal(
        lambda a: Jpeg(a.take("quality_range", (99, 100))), also=_exchanged, compression_type="jpeg"
    ),
    "InvertImg": equal(lambda a: Invert()),
    "LongestMaxSize": _one_side("longer"),
    "MedianBlur": equal(_median, also=reflected),
    "Pad": equal(lambda a: margins(a.take("padding", 0)), also=_outside),
    "PadIfNeeded": equal(
        lambda a: PadTo((a.take("min_height"), a.take("min_width"))),
        "padding",
        also=_outside,
        position="center",
        pad_height_divisor=None,
        pad_width_divisor=None,
    ),
    "Posterize": equal(lambda a: Posterize(a.take("num_bits", 4))),
    "RandomBrightnessContrast": equal(_gain, "brightness_by_max", brightness_limit=(0.0, 0.0), ensure_safe_range=False),
    "RandomCrop": _crop(RandomCrop),
    "RandomGamma": equal(_gamma),
    "RandomResizedCrop": equal(
        lambda a: RandomResizedCrop(a.take("size"), a.take("scale", (0.08, 1.0)), a.take("ratio", (3 / 4, 4 / 3))),
        area_for_downscale=None,
        **_SAMPLED,
    ),
    "RandomRotate90": equal(lambda a: QuarterTurn()),
    "Resize": equal(lambda a: Resize(_size(a)), area_for_downscale=None, **_SAMPLED),
    "Rotate": equal(
        lambda a: Rotate(_around(a.take("limit"))),
        also=_outside,
        crop_border=False,
        rotate_method="largest_box",
        **_SAMPLED,
    ),
    "SaltAndPepper": equal(
        lambda a: Noise("salt_and_pepper", a.take("amount", (0.01, 0.06))), salt_vs_pepper=(0.5, 0.5)
    ),
    "SmallestMaxSize": _one_side("shorter"),
    "Solarize": equal(lambda a: Solarize(a.take("threshold_range", (0.5, 0.5)))),
    "SquareSymmetry": _symmetry,
    "ToGray": equal(lambda a: Grayscale(), method="weighted_average", num_output_channels=3),
    "Transpose": lambda a, found: (Rotate(90.0, "expand"), Mirror("vertical")),
    "VerticalFlip": equal(lambda a: Mirror("vertical")),
}


# ---- files


def albumentations_steps(data: Json, name: str) -> Conversion:
    """Translate a serialised pipeline; `name` is that of its file."""
    top = data.get("transform") if isinstance(data, Mapping) else None
    if not isinstance(top, Mapping) or not isinstance(top.get(_CLASS), str):
        raise FileError("must hold what albumentations.save wrote, got something else.", name)
    found = Conversion(name)
    boxes = top.get("bbox_params")
    if isinstance(boxes, Mapping):
        found.min_visible = float(boxes.get("min_visibility") or 0.0)
        odd = [key for key in ("min_area", "min_width", "min_height", "max_accept_ratio") if boxes.get(key)]
        found.left_out += [f"bbox_params {key}: boxes are dropped by min_visible alone" for key in odd]
    found.steps += _steps(top, "transform", found, always=_short(top) in _GROUPS and top.get("p", 1.0) >= 1.0)
    return found


def _short(node: Mapping[str, Json]) -> str:
    return str(node.get(_CLASS)).rpartition(".")[2]


def _items(node: Mapping[str, Json], where: str, found: Conversion) -> list[Mapping[str, Json]]:
    items = node.get("transforms")
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise FileError("must be a list of transforms, got something else.", f"{found.name}: {where}.transforms")
    return items


def _parts(items: Sequence[Mapping[str, Json]], where: str, found: Conversion) -> list[list[Transform]]:
    return [_steps(item, f"{where}.transforms[{n}]", found, False) for n, item in enumerate(items)]


def _steps(node: Mapping[str, Json], where: str, found: Conversion, always: bool) -> list[Transform]:
    """Return the steps of one node; whatever has no equal is named in `found`."""
    name, chance = _short(node), _chance(node, where, found)
    if name in _GROUPS:
        steps = [step for part in _parts(_items(node, where, found), where, found) for step in part]
        return steps if always or not steps or chance >= 1.0 else [as_one([InOrder(tuple(steps))], chance)]
    if name in _ELSEWHERE:
        found.notes.append(f"{where} {name}: {_ELSEWHERE[name]}")
        return []
    if name in _CHOICES:
        try:
            choice = _choice(name, node, where, found)
        except Differs as fault:
            found.left_out.append(f"{where} {name}: {fault}")
            return []
        return [as_one([choice], chance)]
    given = {key: value for key, value in node.items() if key not in (_CLASS, "p")}
    try:
        if name not in RULES:
            raise Differs.altogether(name)
        equals = found.equal(name, RULES[name], given)
        return [as_one(equals, chance)] if equals else []
    except Differs as fault:
        reason = str(fault)
    try:
        kept = as_one([FOREIGN["albumentations"].saved(name, given)], chance)
    except AugkitError as fault:
        found.left_out.append(f"{where} {name}: {reason}; nor can it be kept: {fault}")
        return []
    found.kept.append(f"{where} {name}: {reason}")
    return [kept]


def _chance(node: Mapping[str, Json], where: str, found: Conversion) -> float:
    chance = node.get("p", 1.0)
    if isinstance(chance, bool) or not isinstance(chance, int | float) or not 0.0 <= chance <= 1.0:
        raise FileError(f"must lie within 0 and 1, got {chance!r}.", f"{found.name}: {where}.p")
    return float(chance)


def _choice(name: str, node: Mapping[str, Json], where: str, found: Conversion) -> Transform:
    """Return a choice of steps.

    Raises:
        Differs: it has no equal, or something of it is not all there, so that a choice of the rest would be another.
    """
    items, lost = _items(node, where, found), len(found.left_out)
    # Of what OneOf chooses from, the chances are its weights, and what is chosen is done.
    inside = [{**item, "p": 1.0} for item in items] if name == "OneOf" else items
    parts = _parts(inside, where, found)
    if len(found.left_out) > lost or not all(parts) or not parts:
        raise Differs("a choice of what is not all there would be another")
    steps = tuple(map(as_one, parts))
    if name == "OneOf":
        weights = tuple(_chance(item, f"{where}.transforms[{n}]", found) for n, item in enumerate(items))
        return OneOf(steps, weights if len(set(weights)) > 1 else None)
    count = node.get("n", 1)
    if node.get("replace", False) or type(count) is not int or count < 0:
        raise Differs("a choice of one step several times has no equal")
    if name == "SomeOf":
        return SomeOf(min(count, len(steps)), steps)
    if count < len(steps):
        raise Differs("some steps in a random order have no equal: take SomeOf, or RandomOrder of all")
    return RandomOrder(steps)
