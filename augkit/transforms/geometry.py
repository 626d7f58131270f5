"""Transforms that move points by one matrix: flips, turns, shears, scalings, shifts, perspective."""

import math
from itertools import product as product_of
from typing import Annotated, Literal

from augkit.core import spatial
from augkit.core.key import Stream
from augkit.core.ops import Homography, Op
from augkit.core.spatial import Size
from augkit.errors import ArgumentError
from augkit.targets.scene import Scene
from augkit.transforms.transform import Interval, Range, Transform, ends, pick, transform


@transform
class Mirror(Transform):
    """Flip the picture left to right, or top to bottom; put a chance beside it to flip some.

    Args:
        axis: ``horizontal`` swaps left and right, ``vertical`` top and bottom.

    Draws: nothing. Emits: a Homography, exact.

    >>> Mirror("vertical")
    Mirror(axis='vertical')
    """

    axis: Literal["horizontal", "vertical"] = "horizontal"

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        return (Homography(spatial.mirror(self.axis, scene.size), scene.size),)


@transform
class Rotate(Transform):
    """Turn the picture about its centre.

    Args:
        degrees: range of the angle, positive is counter-clockwise as seen.
        corners: ``keep`` the picture's size; ``expand`` it until the whole turned picture fits; cut out the largest
            rectangle ``inscribed`` in the turned picture; or the largest of the picture's own aspect, zoomed back to
            its size: ``inscribed_aspect``. The inscribed modes show no border at any angle.

    Draws: the angle, uniform. Emits: a Homography; exact at multiples of 90 degrees.

    >>> Rotate((-30, 30), corners="inscribed")
    Rotate(degrees=(-30.0, 30.0), corners='inscribed')
    """

    degrees: Range = (-15.0, 15.0)
    corners: Literal["keep", "expand", "inscribed", "inscribed_aspect"] = "keep"

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        degrees = pick(stream, self.degrees)
        size = self._target(scene.size, degrees)
        turn = spatial.rotation(degrees)
        if self.corners == "inscribed_aspect":
            zoom = 1.0 / spatial.inscribed_scale(scene.size, degrees)
            turn = spatial.product(spatial.scaling(zoom, zoom), turn)
        return (Homography(spatial.about(turn, scene.size, size), size),)

    def _target(self, size: Size, degrees: float) -> Size:
        if self.corners == "expand":
            height, width = spatial.bounding_size(size, degrees)
            return math.ceil(height - 1e-9), math.ceil(width - 1e-9)
        if self.corners == "inscribed":
            height, width = spatial.inscribed_rectangle(size, degrees)
            return math.floor(height + 1e-9), math.floor(width + 1e-9)
        return size


@transform
class QuarterTurn(Transform):
    """Turn the picture by no, one, two or three quarters, for what has no up and down: cells, land seen from above.

    With a mirror of chance 0.5 beside it, all eight symmetries of a square are alike. A quarter changes height and
    width, so that pictures that are not square come out at two sizes.

    Draws: how many quarters, 0 to 3, all alike. Emits: a Homography, exact.

    >>> QuarterTurn()
    QuarterTurn()
    """

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        quarters = stream.integers(4)
        size = scene.size[::-1] if quarters % 2 else scene.size
        return (Homography(spatial.about(spatial.rotation(90.0 * quarters), scene.size, size), size),)


@transform
class Shear(Transform):
    """Shear the picture about its centre: x' = x + tan(x_degrees) y, y' = y + tan(y_degrees) x.

    Args:
        x_degrees, y_degrees: ranges of the two angles, within -60 and 60 degrees, their tangents' product not near 1.

    Draws: both angles, uniform. Emits: a Homography.

    >>> Shear(x_degrees=(-20, 20))
    Shear(x_degrees=(-20.0, 20.0))
    """

    x_degrees: Annotated[Range, Interval(-60.0, 60.0)] = (-10.0, 10.0)
    y_degrees: Annotated[Range, Interval(-60.0, 60.0)] = (0.0, 0.0)

    def __post_init__(self) -> None:
        for x, y in product_of(ends(self.x_degrees), ends(self.y_degrees)):  # the extremes lie at the ranges' ends
            if math.tan(math.radians(x)) * math.tan(math.radians(y)) > 0.9:
                raise ArgumentError(f"must not flatten the picture, got {x:g} with {y:g} degrees.", "Shear")

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        x_degrees, y_degrees = pick(stream, self.x_degrees), pick(stream, self.y_degrees)
        return (Homography(spatial.about(spatial.shear(x_degrees, y_degrees), scene.size), scene.size),)


@transform
class Scale(Transform):
    """Zoom about the centre; the picture's size stays.

    Args:
        factor: range of the zoom, 0.01 to 100; above 1 enlarges.

    Draws: the factor, uniform. Emits: a Homography.

    >>> Scale((0.5, 2))
    Scale(factor=(0.5, 2.0))
    """

    factor: Annotated[Range, Interval(0.01, 100.0)] = (0.8, 1.25)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        factor = pick(stream, self.factor)
        return (Homography(spatial.about(spatial.scaling(factor, factor), scene.size), scene.size),)


@transform
class Translate(Transform):
    """Shift the picture.

    Args:
        x, y: ranges of the shift as fractions of width and height, -10 to 10; positive is right and down.

    Draws: both, uniform. Emits: a Homography.

    >>> Translate(x=(-0.2, 0.2))
    Translate(x=(-0.2, 0.2))
    """

    x: Annotated[Range, Interval(-10.0, 10.0, "the width")] = (-0.1, 0.1)
    y: Annotated[Range, Interval(-10.0, 10.0, "the height")] = (-0.1, 0.1)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        x, y = pick(stream, self.x) * scene.size[1], pick(stream, self.y) * scene.size[0]
        return (Homography(spatial.translation(x, y), scene.size),)


@transform
class Perspective(Transform):
    """Move each corner by itself, as if the picture was seen from the side: a random perspective.

    Args:
        strength: range of the largest shift of a corner as a fraction of the sides, 0 to 0.2 (0.25 can fold).

    Draws: the strength, then x and y of each corner, uniform within it. Emits: a Homography.
    Reference: Heckbert, "Fundamentals of texture mapping and image warping", 1989 (unit square to quadrilateral).

    >>> Perspective(0.1)
    Perspective(strength=(0.1, 0.1))
    """

    strength: Annotated[Range, Interval(0.0, 0.2, "the sides")] = (0.0, 0.1)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        height, width = scene.size
        strength = pick(stream, self.strength)
        corners = [
            ((x + stream.uniform(-strength, strength)) * width, (y + stream.uniform(-strength, strength)) * height)
            for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))
        ]
        return (Homography(spatial.onto_corners(scene.size, corners), scene.size),)
