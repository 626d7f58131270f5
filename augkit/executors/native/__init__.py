"""The executor in C, in one pass over the pixels and to the same bytes on every processor; its twins are in NumPy."""

from augkit.executors.executor import EXECUTORS, Executor
from augkit.executors.native import (
    adapting as _adapting,
    downscaled as _downscaled,
    jpeg_rounds as _jpeg,
    noise_added as _noise,
    painted as _painted,
    slow_waves as _waves,
    windows_filtered as _filters,
    windows_pooled as _pools,
)
from augkit.executors.native.blending import blend
from augkit.executors.native.colours import recolor
from augkit.executors.native.native_resampling import resample, show

BARRIERS = (_adapting, _downscaled, _filters, _jpeg, _noise, _painted, _pools, _waves)  # each adds its kernels

EXECUTORS.add("native", Executor("native", resample, recolor, blend, show))
