"""Runs that frame or resize a picture, for kernels of every executor."""

from collections.abc import Callable

from augkit.core.arrays import Image
from augkit.core.fuse import fuse
from augkit.core.ops import Downscale, Homography, Sliding
from augkit.core.plan import SpatialRun
from augkit.core.sampling import SamplingOptions
from augkit.core.spatial import IDENTITY, Size, scaling, size_of, translation
from augkit.executors.executor import Sampling


def widened(image: Image, op: Sliding) -> SpatialRun | None:
    """Return what puts the padding around a picture by its border rule, None where there is no padding."""
    pad_y, pad_x = op.padding
    size = (image.shape[0] + 2 * pad_y, image.shape[1] + 2 * pad_x)
    return SpatialRun((Homography(translation(float(pad_x), float(pad_y)), size),), size) if pad_y or pad_x else None


def downscaled(
    resample: Callable[[Image, SpatialRun, Sampling], Image], image: Image, op: Downscale, how: Sampling
) -> Image:
    """Return the picture shrunk and enlarged again, each by an executor's `resample`."""
    small = resample(image, _resized(image, op.size, how), how)
    return resample(small, _resized(small, size_of(image), how), how)


def _resized(image: Image, size: Size, how: Sampling) -> SpatialRun:
    """Return what shows the whole picture at another size."""
    height, width = image.shape[:2]
    op = Homography(scaling(size[1] / width, size[0] / height), size)
    return run_of(
        op, (height, width), SamplingOptions(interpolation=how.interpolation, behaviour=how.behaviour)
    ) or SpatialRun((), size)


def run_of(op: Homography, source: Size, options: SamplingOptions) -> SpatialRun | None:
    """Return the run that an operation alone is, None where it moves nothing."""
    if op == Homography(IDENTITY, source):  # of most filters, and told faster than by fusing
        return None
    steps = fuse((op,), source, options).steps
    return steps[0] if steps and isinstance(steps[0], SpatialRun) else None
