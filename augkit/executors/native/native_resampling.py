"""Pictures shown through a map by the native executor: in C where there is a library, else by the twin."""

import numpy as np

from augkit import compiled
from augkit.core.arrays import Image
from augkit.core.plan import ColorRun, SpatialRun
from augkit.core.tonal import channels_of
from augkit.executors.executor import Sampling
from augkit.executors.native import sampling_twin
from augkit.executors.native.colour_programs import program_of
from augkit.executors.native.native_maps import Chain, Lattice, map_of
from augkit.executors.native.whole_rows import in_rows

INTERPOLATIONS = {"nearest": 0, "linear": 1, "cubic": 2, "lanczos": 3}  # as weights.h has them
BORDERS = {"reflect": 0, "constant": 1, "replicate": 2, "wrap": 3}  # as positions.h has them
BAND_ROWS = 64  # of points that are evaluated one by one


def resample(image: Image, run: SpatialRun, how: Sampling) -> Image:
    """Return the picture (H, W) or (H, W, C) that the run's map shows, same dtype."""
    return _shown(image, run, how, None)


def show(image: Image, run: SpatialRun, colours: ColorRun, how: Sampling, alpha: bool) -> Image:
    """Return the picture that the run's map shows in other colours; alpha, if last, and the fill stay as they are."""
    return _shown(image, run, how, program_of(colours, image.dtype, channels_of(image), alpha))


def _shown(image: Image, run: SpatialRun, how: Sampling, program: bytes | None) -> Image:
    shown = np.empty((*run.size, *image.shape[2:]), image.dtype)
    pull_map = map_of(run)
    library = compiled.library
    if library is None:
        for top in range(0, run.size[0], BAND_ROWS):
            band = top, min(top + BAND_ROWS, run.size[0])
            sampling_twin.sample(image, shown[slice(*band)], pull_map, how, run.reduction, band, program)
        return shown
    if not image.flags.c_contiguous:
        image = in_rows(image)
    rules = INTERPOLATIONS[how.interpolation], BORDERS[how.border], how.fill, run.reduction, program
    if isinstance(pull_map, Chain):
        for top in range(0, run.size[0], BAND_ROWS):
            bottom = min(top + BAND_ROWS, run.size[0])
            library.sample(image, shown[top:bottom], pull_map.points(top, bottom, run.size[1]), *rules)
    else:
        library.sample(image, shown, pull_map.parts() if isinstance(pull_map, Lattice) else pull_map, *rules)
    return shown
