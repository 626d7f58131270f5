"""The executor in C, in one pass over the pixels and to the same bytes on every processor; its twins are in NumPy."""

from augkit.executors.executor import EXECUTORS, Executor
from augkit.executors.native import windows_filtered as _filters, windows_pooled as _pools
from augkit.executors.native.native_resampling import resample
from augkit.executors.opencv.opencv_kernels import blend, recolor

BARRIERS = (_filters, _pools)  # each adds its kernels

EXECUTORS.add("native", Executor("native", resample, recolor, blend))
