"""Shrinking and enlarging again by the native executor's own resampling."""

from functools import partial

from augkit.core.ops import Downscale
from augkit.executors.executor import implements
from augkit.executors.kernels.resizing import downscaled
from augkit.executors.native.native_resampling import resample

implements(Downscale, "native")(partial(downscaled, resample))
