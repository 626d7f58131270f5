"""Transforms that change colours point by point."""

from typing import Annotated, Literal

import pydantic

from augkit.core.key import Stream
from augkit.core.ops import Adapt, ColorMatrix, Curve, Op
from augkit.core.ops.colouring import NO_OFFSET
from augkit.core.spatial import IDENTITY
from augkit.core.tonal import hue, require_rgb, saturation
from augkit.core.validation import value
from augkit.targets.scene import Scene
from augkit.transforms.transform import Interval, Range, Transform, pick, transform

_Factor = Annotated[Range, Interval(0.0, 100.0)]
_Number = Annotated[float, pydantic.Strict()]
_Triple = tuple[_Number, _Number, _Number]
_Std = Annotated[float, pydantic.Field(strict=True, ge=0.0, le=10.0)]


@value
class ColorStatistics:
    """Hold the principal components of a data set's RGB values, as `augkit fit-pca` writes them.

    Args:
        eigenvalues: of the covariance of RGB in [0, 1], largest first.
        eigenvectors: three rows for R, G and B; column k belongs to eigenvalue k and has length 1.
    """

    eigenvalues: _Triple
    eigenvectors: tuple[_Triple, _Triple, _Triple]


# As published with AlexNet's recipe in fb.resnet.torch, for RGB in [0, 1].
_IMAGENET = ColorStatistics(
    eigenvalues=(0.2175, 0.0188, 0.0045),
    eigenvectors=((-0.5675, 0.7192, 0.4009), (-0.5808, -0.0045, -0.8140), (-0.5836, -0.6948, 0.4203)),
)


@transform
class PCAColorShift(Transform):
    """Add one colour to the whole picture, along the principal components of the data set's colours.

    Args:
        std: standard deviation of the three factors, 0 to 10.
        statistics: ``imagenet``, or the data set's own `ColorStatistics` (in YAML: the file that ``augkit fit-pca``
            wrote, relative to the pipeline's file).

    Draws: alpha, three numbers, normal with mean 0 and `std`. Emits: a ColorMatrix that adds V (alpha * lambda).
    Raises: SampleError, when it is drawn for a picture that is not RGB.
    Reference: Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks",
    NIPS 2012, section 4.1.

    >>> PCAColorShift(std=0.3)
    PCAColorShift(std=0.3)
    """

    std: _Std = 0.1
    statistics: Literal["imagenet"] | ColorStatistics = "imagenet"

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        require_rgb(scene.channels, scene.alpha, type(self).__name__)
        fitted = _IMAGENET if isinstance(self.statistics, str) else self.statistics
        weights = [stream.normal(0.0, self.std) * value for value in fitted.eigenvalues]
        red, green, blue = (
            row[0] * weights[0] + row[1] * weights[1] + row[2] * weights[2] for row in fitted.eigenvectors
        )
        return (ColorMatrix(IDENTITY, (red, green, blue)),)


@transform
class ImagePCAColorShift(Transform):
    """Add one colour to the whole picture, along the principal components of that picture's own colours.

    Args:
        std: standard deviation of the three factors, 0 to 10.

    Draws: three factors, normal with mean 0 and `std`. Emits: an Adapt, a barrier: the pixels come first.
    Raises: SampleError, when it is drawn for a picture that is not RGB.

    >>> ImagePCAColorShift(std=0.3)
    ImagePCAColorShift(std=0.3)
    """

    std: _Std = 0.1

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        require_rgb(scene.channels, scene.alpha, type(self).__name__)
        numbers = tuple(round(stream.normal(0.0, self.std), 12) for _ in range(3))
        return (Adapt("pca_shift", numbers),)


@transform
class Brightness(Transform):
    """Multiply all values.

    Args:
        factor: range of the factor, 0 to 100.

    Draws: the factor, uniform. Emits: a Curve.

    >>> Brightness((0.5, 1.5))
    Brightness(factor=(0.5, 1.5))
    """

    factor: _Factor = (0.8, 1.2)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        return (Curve((("gain", round(pick(stream, self.factor), 12)),)),)


@transform
class Lift(Transform):
    """Add the same to all values, as if a grey veil lay over the picture, or was taken away.

    Args:
        amount: range of what is added, as a fraction of the range, -1 to 1.

    Draws: the amount, uniform. Emits: a ColorMatrix.
    Raises: SampleError, when it is drawn for a picture that is not RGB.

    >>> Lift((-0.2, 0.2))
    Lift(amount=(-0.2, 0.2))
    """

    amount: Annotated[Range, Interval(-1.0, 1.0, "the range of values")] = (-0.1, 0.1)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        require_rgb(scene.channels, scene.alpha, type(self).__name__)
        amount = pick(stream, self.amount)
        return (ColorMatrix(IDENTITY, (amount, amount, amount)),)


@transform
class Contrast(Transform):
    """Multiply the distance of all values to the middle of the range.

    Args:
        factor: range of the factor, 0 to 100.

    Draws: the factor, uniform. Emits: a Curve.

    >>> Contrast((0.5, 1.5))
    Contrast(factor=(0.5, 1.5))
    """

    factor: _Factor = (0.8, 1.2)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        return (Curve((("contrast", round(pick(stream, self.factor), 12)),)),)


@transform
class Gamma(Transform):
    """Raise all values, as fractions of the range, to a power.

    Args:
        power: range of the power, 0.01 to 100; below 1 brightens.

    Draws: the power, uniform. Emits: a Curve.

    >>> Gamma((0.5, 2))
    Gamma(power=(0.5, 2.0))
    """

    power: Annotated[Range, Interval(0.01, 100.0)] = (0.7, 1.4)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        return (Curve((("gamma", round(pick(stream, self.power), 12)),)),)


@transform
class Saturation(Transform):
    """Multiply the distance of every pixel to its own grey (BT.601 luma).

    Args:
        factor: range of the factor, 0 to 100; 0 is grey.

    Draws: the factor, uniform. Emits: a ColorMatrix.
    Raises: SampleError, when it is drawn for a picture that is not RGB.

    >>> Saturation((0.5, 1.5))
    Saturation(factor=(0.5, 1.5))
    """

    factor: _Factor = (0.7, 1.3)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        require_rgb(scene.channels, scene.alpha, type(self).__name__)
        return (ColorMatrix(saturation(pick(stream, self.factor)), NO_OFFSET),)


@transform
class Hue(Transform):
    """Turn all hues about the grey axis: a rotation of YIQ's I-Q plane.

    Args:
        degrees: range of the angle; positive turns red towards yellow, yellow towards green, green towards blue, as
            HSV and torchvision count (behaviour 1 counted the other way). It keeps luma where a turn in HSV keeps the
            largest channel, and needs no branches: a matrix.

    Draws: the angle, uniform. Emits: a ColorMatrix.
    Raises: SampleError, when it is drawn for a picture that is not RGB.

    >>> Hue((-30, 30))
    Hue(degrees=(-30.0, 30.0))
    """

    degrees: Range = (-10.0, 10.0)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        require_rgb(scene.channels, scene.alpha, type(self).__name__)
        degrees = pick(stream, self.degrees)
        return (ColorMatrix(hue(-degrees if scene.behaviour == 1 else degrees), NO_OFFSET),)


@transform
class Grayscale(Transform):
    """Replace every pixel by its grey (BT.601 luma); the three channels stay.

    Draws: nothing. Emits: a ColorMatrix.
    Raises: SampleError, when it is drawn for a picture that is not RGB.
    """

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        require_rgb(scene.channels, scene.alpha, type(self).__name__)
        return (ColorMatrix(saturation(0.0), NO_OFFSET),)
