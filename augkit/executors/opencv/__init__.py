"""The executor for the CPU: OpenCV, in tiles, with reused buffers."""

from augkit.executors.executor import EXECUTORS, Executor
from augkit.executors.opencv.opencv_kernels import blend, recolor
from augkit.executors.opencv.resample import resample

EXECUTORS.add("cpu", Executor("cpu", resample, recolor, blend))
