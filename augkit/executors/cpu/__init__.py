"""The executor for the CPU: OpenCV, in tiles, with reused buffers."""

from augkit.executors.cpu.barriers import barrier, blend
from augkit.executors.cpu.colour import recolor
from augkit.executors.cpu.resample import resample

__all__ = ["barrier", "blend", "recolor", "resample"]
