"""The executor in C, in one pass over the pixels and to the same bytes on every processor; its twins are in NumPy."""

from augkit.executors.executor import EXECUTORS, Executor
from augkit.executors.native.native_resampling import resample
from augkit.executors.opencv.opencv_kernels import blend, recolor

EXECUTORS.add("native", Executor("native", resample, recolor, blend))
from augkit.executors.native.windows_filtered import filtered
from augkit.executors.native.windows_pooled import pooled

__all__ = ["filtered", "pooled"]
