"""Transforms that give a picture the look of reference pictures, fitted by ``augkit fit-style``."""

import math
from base64 import b64decode, b64encode
from typing import Annotated

import numpy as np
import pydantic

from augkit.cached_attribute import cached_attribute
from augkit.core.key import Stream
from augkit.core.ops import Adapt, Op, Spectrum
from augkit.core.ops.adapt import MAX_REACH
from augkit.core.tonal import require_rgb
from augkit.core.validation import value
from augkit.errors import ArgumentError
from augkit.targets.scene import Scene
from augkit.transforms.transform import Interval, Range, Transform, pick, transform

_ROUNDING = 1e-6  # of eigenvalues
_MAX_VARIANCE = 1.5  # of two pixels, one black and one white

_Number = Annotated[float, pydantic.Field(strict=True, allow_inf_nan=False)]
_Triple = tuple[_Number, _Number, _Number]


@value
class Style:
    """Hold the look of reference pictures, as `augkit fit-style` writes it.

    Args:
        mean: of R, G and B in [0, 1].
        covariance: three rows, of R, G and B in [0, 1]; symmetric, without a negative eigenvalue.
        amplitudes: of their slow waves, float32 in base64, for `FourierStyle`: see ``executors/kernels``.
    """

    mean: _Triple
    covariance: tuple[_Triple, _Triple, _Triple]
    amplitudes: str | None = None

    def __post_init__(self) -> None:
        if not all(0.0 <= part <= 1.0 for part in self.mean):
            raise ArgumentError(f"must lie in 0 to 1, got {self.mean}. Divide by the top of the range.", "Style.mean")
        symmetric = all(self.covariance[i][j] == self.covariance[j][i] for i in range(3) for j in range(i))
        variances = np.linalg.eigvalsh(self.covariance)  # along any direction
        if not (symmetric and variances.min() >= -_ROUNDING and variances.max() <= _MAX_VARIANCE):
            rule = f"must be symmetric, its eigenvalues within 0 and {_MAX_VARIANCE}"
            raise ArgumentError(f"{rule}, got {self.covariance}. Fit it to colours in 0 to 1.", "Style.covariance")
        if self.amplitudes is not None and self.reach is None:
            rule = "must hold 3 x (2 n + 1) x (n + 1) numbers from 0 on, float32 in base64"
            raise ArgumentError(f"{rule}, got {self.amplitudes!r:.40}. Fit them anew.", "Style.amplitudes")

    @cached_attribute
    def _floats(self) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        try:
            return np.frombuffer(b64decode(self.amplitudes or "", validate=True), "<f4")
        except ValueError:
            return np.empty(0, np.float32)

    @cached_attribute
    def reach(self) -> int | None:
        """Cycles over the picture of the fastest wave that there are amplitudes of, at most 24."""
        floats = self._floats
        if not bool(np.isfinite(floats).all() and (floats >= 0.0).all()):
            return None
        return next((n for n in range(MAX_REACH + 1) if 3 * (2 * n + 1) * (n + 1) == len(floats)), None)

    def spectrum(self, reach: int) -> Spectrum:
        """Return the amplitudes of waves of at most `reach` cycles, no more than there are."""
        most = self.reach or 0
        whole = self._floats.reshape(3, 2 * most + 1, most + 1)
        reach = min(reach, most)
        part = whole[:, most - reach : most + reach + 1, : reach + 1]
        return Spectrum(reach, b64encode(np.ascontiguousarray(part).tobytes()).decode())


@transform
class ColorTransfer(Transform):
    """Give the picture the colours of reference pictures: their mean and covariance, by the map that moves least.

    Args:
        reference: the `Style` to go towards (in YAML: the file that ``augkit fit-style`` wrote, relative to the
            pipeline's file).
        strength: range of the share of the way, 0 to 1.

    Draws: the strength, uniform. Emits: an Adapt, a barrier; the plan holds the reference's numbers.
    Raises: SampleError, when it is drawn for a picture that is not RGB.
    Reference: Pitie and Kokaram, "The linear Monge-Kantorovitch linear colour mapping for example-based colour
    transfer", CVMP 2007.

    >>> ColorTransfer(Style((0.6, 0.5, 0.3), ((0.04, 0, 0), (0, 0.04, 0), (0, 0, 0.04))))  # doctest: +ELLIPSIS
    ColorTransfer(reference=Style(mean=(0.6, 0.5, 0.3), ...
    """

    reference: Style
    strength: Annotated[Range, Interval(0.0, 1.0, "the way")] = (0.5, 1.0)

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        require_rgb(scene.channels, scene.alpha, type(self).__name__)
        strength = round(pick(stream, self.strength), 12)
        covariance = (value for row in self.reference.covariance for value in row)
        numbers = (strength, *self.reference.mean, *covariance)
        return (Adapt("color_transfer", numbers),)


@transform
class FourierStyle(Transform):
    """Replace the picture's low-frequency Fourier amplitudes by those of reference pictures; the phases stay.

    Args:
        reference: a `Style` with amplitudes (in YAML: the file that ``augkit fit-style`` wrote, relative to the
            pipeline's file).
        beta: range of the highest frequency that is replaced, in cycles over the picture as a fraction of its shorter
            side, 0 to 0.5; at most as many cycles as were fitted, 24.

    Draws: beta, uniform. Emits: a Spectrum, a barrier; the plan holds the reference's amplitudes.
    Raises: SampleError, when it is drawn for a picture that is not RGB.
    Reference: Yang and Soatto, "FDA: Fourier domain adaptation for semantic segmentation", CVPR 2020.

    >>> FourierStyle(Style((0.6, 0.5, 0.3), ((0, 0, 0),) * 3, "AACAPwAAAD8AAIA+"))  # doctest: +ELLIPSIS
    FourierStyle(reference=Style(mean=(0.6, 0.5, 0.3), ...
    """

    reference: Style
    beta: Annotated[Range, Interval(0.0, 0.5, "the shorter side")] = (0.01, 0.05)

    def __post_init__(self) -> None:
        if self.reference.amplitudes is None:
            raise ArgumentError("must have amplitudes, got none. Fit them: augkit fit-style.", "FourierStyle.reference")

    def draw(self, stream: Stream, scene: Scene) -> tuple[Op, ...]:
        require_rgb(scene.channels, scene.alpha, type(self).__name__)
        shorter = min(scene.size)
        reach = min(math.floor(pick(stream, self.beta) * shorter), (shorter - 1) // 2)
        return (self.reference.spectrum(reach),)
