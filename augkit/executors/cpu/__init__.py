"""The executor for the CPU: OpenCV, in tiles, with reused buffers."""

from augkit.executors.cpu.colour import adapt, recolor
from augkit.executors.cpu.resample import resample

__all__ = ["adapt", "recolor", "resample"]
