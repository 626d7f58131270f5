"""Operations: frozen facts that a transform draws and an executor runs, one family a file.

Spatial operations move points, tonal operations change colours point by point, and barriers need finished pixels::

    Spatial = Homography | Warp        Tonal = ColorMatrix | Curve        Barrier: all others but Blend

A `Blend` adds what several branches of operations make of the same picture.

A new operation is one file here with its meaning, a barrier made with `operation`, and one with its pixels in
``executors/kernels``, a function registered with `implements`.
"""

from augkit.core.ops.adapt import Adapt as Adapt, Spectrum as Spectrum
from augkit.core.ops.barrier import Barrier as Barrier, Coloured as Coloured, Moving as Moving
from augkit.core.ops.blend import Blend as Blend, Op as Op, moves as moves
from augkit.core.ops.colouring import ColorMatrix as ColorMatrix, Curve as Curve, Tonal as Tonal
from augkit.core.ops.degrade import Downscale as Downscale, Erase as Erase, Jpeg as Jpeg, Noise as Noise
from augkit.core.ops.external import External as External
from augkit.core.ops.moving import (
    ControlPoints as ControlPoints,
    ElasticField as ElasticField,
    Homography as Homography,
    Spatial as Spatial,
    Warp as Warp,
)
from augkit.core.ops.operation import (
    OPS as OPS,
    from_jsonable as from_jsonable,
    operation as operation,
    to_jsonable as to_jsonable,
)
from augkit.core.ops.sliding import (
    Filter as Filter,
    Gaussian as Gaussian,
    Motion as Motion,
    Pool as Pool,
    Sliding as Sliding,
    Unsharp as Unsharp,
)
