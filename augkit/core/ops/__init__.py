"""Operations: frozen facts that a transform draws and an executor runs, one family a file.

Spatial operations move points, tonal operations change colours point by point, and barriers need finished pixels::

    Spatial = Homography | Warp        Tonal = ColorMatrix | Curve        Barrier: all others but Blend

A `Blend` adds what several branches of operations make of the same picture.

A new operation is one file here with its meaning, a barrier made with `operation`, and one with its pixels in
``executors/kernels``, a function registered with `implements`.
"""

from augkit.core.ops.adapt import Adapt
from augkit.core.ops.barrier import Barrier, Coloured, Moving
from augkit.core.ops.blend import Blend, Op, moves
from augkit.core.ops.colouring import ColorMatrix, Curve, Tonal
from augkit.core.ops.downscale import Downscale
from augkit.core.ops.erase import Erase
from augkit.core.ops.external import External
from augkit.core.ops.jpeg import Jpeg
from augkit.core.ops.moving import ControlPoints, ElasticField, Homography, Spatial, Warp
from augkit.core.ops.noise import Noise
from augkit.core.ops.operation import OPS, from_jsonable, operation, to_jsonable
from augkit.core.ops.sliding import Filter, Gaussian, Motion, Pool, Sliding
from augkit.core.ops.spectrum import Spectrum

__all__ = [
    "OPS",
    "Adapt",
    "Barrier",
    "Blend",
    "ColorMatrix",
    "Coloured",
    "ControlPoints",
    "Curve",
    "Downscale",
    "ElasticField",
    "Erase",
    "External",
    "Filter",
    "Gaussian",
    "Homography",
    "Jpeg",
    "Motion",
    "Moving",
    "Noise",
    "Op",
    "Pool",
    "Sliding",
    "Spatial",
    "Spectrum",
    "Tonal",
    "Warp",
    "from_jsonable",
    "moves",
    "operation",
    "to_jsonable",
]
