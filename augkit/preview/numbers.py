"""Words of captions: what the whole chain does to a picture, read off the fused plan, not the draws."""

import math
from collections.abc import Sequence

import numpy as np

from augkit.core.ops import ColorMatrix, Curve, Warp
from augkit.core.plan import BlendRun, ColorRun, Plan, SpatialRun, size_after
from augkit.core.sampling import Behaviour
from augkit.core.spatial import IDENTITY, Matrix, Size, linearised, product
from augkit.core.tonal import hue, saturation
from augkit.core.warp import displacement, grid_of, joined

WORDS = {"gain": "brightness {:.2f}", "posterize": "{:.0f} bits"}  # of a curve's functions; the others by their names
LEGEND = (
    "Below each copy: what the whole chain did to it. Zoom: result pixels per source pixel; shift: where the source's"
    " centre went; turn: counter-clockwise.",
)
LATTICE = 48  # points an axis at which a warp's push is measured
TOLERANCE = 1e-4  # of a colour matrix's entries; acos near 0 keeps only half of the digits


def numbers(plan: Plan) -> list[str]:
    """Return what a plan does to its picture, a few words each: ``turn -7.5°``, ``zoom 0.62``, ``warp 3.1 px``.

    All homographies of a run are one here, taken apart at the picture's centre as mirror, zoom, turn, shear, and tilt
    (how much nearer one edge is than the centre). The shift, in pixels of the result, says where the picture's centre
    lies seen from the result's. A warp is named by the root mean square of its push and by the largest, a colour shift
    by its grey levels of 255.
    """
    found: list[str] = []
    size = plan.source
    for step in plan.steps:
        if isinstance(step, SpatialRun):
            found += _moves(step, size)
            size = step.size
        elif isinstance(step, ColorRun):
            for op in step.ops:
                found += _colors(op, plan.policy.behaviour) if isinstance(op, ColorMatrix) else _functions(op)
        else:
            found.append(f"add {len(step.branches)} branches" if isinstance(step, BlendRun) else step.caption())
            size = size_after(step, size)
    return found or (["unchanged"] if size == plan.source else [f"{size[1]} x {size[0]} px"])


def _moves(run: SpatialRun, source: Size) -> list[str]:
    warps = [op for op in run.ops if isinstance(op, Warp)]
    return _parts(joined(run.ops), source, run.size) + [_push(warp) for warp in warps]


def _parts(matrix: Matrix, source: Size, target: Size) -> list[str]:
    """Take a homography apart at the picture's centre."""
    x, y = source[1] / 2, source[0] / 2
    (u, v), derivative = linearised(matrix, x, y)
    found = _affine_parts(*derivative)
    g, h, i = matrix[2]
    tilt = max(abs(g) * source[1], abs(h) * source[0]) / abs(g * x + h * y + i)
    shift = (u - target[1] / 2, v - target[0] / 2)
    farthest = max(map(abs, shift))
    found += [f"tilt {100 * tilt:.0f} %"] * (tilt >= 0.005)
    return found + [f"shift {_signed(shift, 0 if farthest >= 10 else 1)} px"] * (farthest >= 0.05)


def _affine_parts(xx: float, xy: float, yx: float, yy: float) -> list[str]:
    """Take a 2 x 2 matrix apart into shear * turn * zoom * mirror, the order of the bundled pipelines.

    What is left without the shear along x, by t = tan(shear), has orthogonal columns:
    ``yx yy t^2 - (xx yy + xy yx) t + (xx xy + yx yy) = 0``; of its two roots the gentler shear is told.
    """
    found: list[str] = []
    if xx * yy - xy * yx < 0:
        xx, yx = -xx, -yx
        flip = "mirror"
        if yy < 0:  # a turn by more than 90 degrees after a flip is better told as the other flip
            xx, xy, yx, yy, flip = -xx, -xy, -yx, -yy, "mirror upside down"
        found.append(flip)
    determinant, product_y, cross = xx * yy - xy * yx, yx * yy, xx * yy + xy * yx
    root = math.sqrt(max(0.0, determinant**2 - (2.0 * product_y) ** 2))
    # The root nearest to 0 in the form that does not cancel, and has no pole at a turn of 0.
    divisor = cross + math.copysign(root, cross)
    tangent = 2.0 * (xx * xy + product_y) / divisor if divisor else 0.0
    xx, xy = xx - tangent * yx, xy - tangent * yy
    degrees, shear = math.degrees(math.atan2(xy, yy)), math.degrees(math.atan(tangent))
    zoom_x, zoom_y = math.hypot(xx, yx), math.hypot(xy, yy)
    if abs(zoom_x / zoom_y - 1.0) >= 0.01:
        found.append(f"zoom {zoom_x:.2f} x {zoom_y:.2f}")
    elif abs(zoom_x - 1.0) >= 0.005:
        found.append(f"zoom {zoom_x:.2f}")
    found += [f"turn {degrees:+.1f}°"] * (abs(degrees) >= 0.05)
    return found + [f"shear {shear:+.1f}°"] * (abs(shear) >= 0.05)


def _push(warp: Warp) -> str:
    height, width = warp.size
    x, y = np.meshgrid((np.arange(LATTICE) + 0.5) * width / LATTICE, (np.arange(LATTICE) + 0.5) * height / LATTICE)
    squares = (displacement(grid_of(warp), np.stack([x, y], axis=-1)) ** 2).sum(axis=-1)
    return f"warp {math.sqrt(squares.mean()):.1f} px, up to {math.sqrt(squares.max()):.1f}"


def _colors(op: ColorMatrix, behaviour: Behaviour) -> list[str]:
    """Take a colour matrix apart into saturation, hue and a shift in grey levels of 255; name any other just so."""
    found = [] if op.matrix == IDENTITY else _chroma(op.matrix, behaviour)
    shift = [255.0 * value for value in op.offset]
    return found + [f"RGB {_signed(shift, 1)}"] * (max(map(abs, shift)) >= 0.05)


def _chroma(matrix: Matrix, behaviour: Behaviour) -> list[str]:
    """Find the factor f and the angle d whose saturation and hue make the matrix: det = f^2, trace = 1 + 2 f cos d.

    The angle is told as the pipeline counts it, in behaviour 1 from yellow towards red.
    """
    (a, b, c), (d, e, f), (g, h, i) = matrix
    factor = math.sqrt(max(0.0, a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)))
    if factor < TOLERANCE:
        return ["grey"] if _near(matrix, saturation(0.0)) else ["colours mixed"]
    angle = math.degrees(math.acos(max(-1.0, min(1.0, (a + e + i - 1.0) / (2.0 * factor)))))
    for degrees in (angle, -angle):
        if _near(matrix, product(saturation(factor), hue(degrees))):
            told = [f"saturation {factor:.2f}"] * (abs(factor - 1.0) >= 0.005)
            counted = -degrees if behaviour == 1 else degrees
            return told + [f"hue {counted:+.1f}°"] * (abs(degrees) >= 0.05)
    return ["colours mixed"]


def _near(matrix: Matrix, other: Matrix) -> bool:
    return bool(np.allclose(matrix, other, rtol=0.0, atol=TOLERANCE))


def _functions(op: Curve) -> list[str]:
    whole = ("invert", 1.0)  # which needs no number
    return [
        "invert" if part == whole else WORDS.get(part[0], part[0] + " {:.2f}").format(part[1]) for part in op.functions
    ]


def _signed(values: Sequence[float], digits: int) -> str:
    return " ".join(f"{round(value, digits) + 0.0:+.{digits}f}" for value in values)
