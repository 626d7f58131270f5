"""Transforms that displace points smoothly: a coarse grid of pushes, and Simard's elastic field."""

from typing import Annotated

import pydantic

from augkit.core.elastic import elastic_field
from augkit.core.key import Stream
from augkit.core.ops import Op, Warp
from augkit.core.warp import control_points, elastic_warp
from augkit.targets.scene import Scene
from augkit.transforms.transform import Interval, Range, Transform, pick, transform

_MOST_CELLS = 512  # along an axis: a plan is to stay a line


@transform
class LocalWarp(Transform):
    """Push the picture about locally, as on a rubber sheet held at a coarse grid of points.

    Args:
        strength: range of the standard deviation of a control point's push, as a fraction of the shorter side, 0 to 1.
        cells: how many cells of the grid lie along the shorter side, 1 to 64; along the longer one as many of
            (nearly) that size as fit, 512 at most.

    Draws: the strength, uniform; x and y of every control point's push, normal. A push is shortened where it could
    make the picture fold, to 0.8 of the sufficient bound (0.48 of the spacing an axis), that is 0.38 / cells of the
    side: more cells allow shorter pushes.
    Emits: a Warp with its control points.
    Reference: Rueckert et al., IEEE TMI 1999; Choi and Lee, Graphical Models 2000.

    >>> LocalWarp(strength=(0.01, 0.05), cells=5)
    LocalWarp(strength=(0.01, 0.05), cells=5)
    """

    strength: Annotated[Range, Interval(0.0, 1.0, "the shorter side")] = (0.03, 0.03)
    cells: Annotated[int, pydantic.Field(strict=True, ge=1, le=64)] = 8

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        height, width = scene.size
        shorter = min(height, width)
        cells_y, cells_x = (min(_MOST_CELLS, max(1, round(self.cells * side / shorter))) for side in scene.size)
        std = pick(stream, self.strength) * shorter
        pushes = stream.normals(2, cells_y + 3, cells_x + 3) * std
        return (Warp(scene.size, control_points(pushes, (height / cells_y, width / cells_x))),)


@transform
class ElasticWarp(Transform):
    """Distort the picture like a trembling hand: noise an independent pixel, smoothed by a Gaussian.

    Args:
        alpha: range of the factor on the smoothed noise, 0 or more. Points move by alpha / (sigma * 6.14) pixels,
            standard deviation, along each axis, whatever the picture's size: 1.4 for the defaults.
        sigma: range of the Gaussian's standard deviation in pixels, 1 or more.

    A field does not fold: where it would, it is made smoother, at 0.8 of the limit. Up to an alpha of 2.1 sigma^2, as
    the defaults have it, that takes 1 % of its strength; 5 % at 2.6, 20 % at 4 and a third at 6.25 sigma^2, beyond
    which it does not grow. (Behaviour 1 scaled all of it back until its worst point did not fold, so that pictures of
    64 pixels were moved by 1.30 and those of 1024 by 0.94.)

    Draws: alpha and sigma, uniform; the field, x and y independent, uniform noise smoothed.
    Emits: a Warp with its recipe.
    Reference: Simard, Steinkraus and Platt, "Best practices for convolutional neural networks", ICDAR 2003.

    >>> ElasticWarp(alpha=(100, 200), sigma=8)
    ElasticWarp(alpha=(100.0, 200.0), sigma=(8.0, 8.0))
    """

    alpha: Annotated[Range, Interval(0.0, 1e6)] = (34.0, 34.0)
    sigma: Annotated[Range, Interval(1.0, 1e4)] = (4.0, 4.0)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        alpha, sigma = pick(stream, self.alpha), pick(stream, self.sigma)
        if scene.behaviour == 1:
            return (elastic_warp(stream.child("field"), alpha, sigma, scene.size),)
        return (Warp(scene.size, elastic_field(stream.child("field"), alpha, sigma)),)
