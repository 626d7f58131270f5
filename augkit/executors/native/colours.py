"""Colours of the native executor: runs of colour steps, done by the library or, to the same bytes, by NumPy."""

import numpy as np

from augkit import compiled
from augkit.core.arrays import Array, Image
from augkit.core.plan import ColorRun
from augkit.core.tonal import RANGE, channels_of
from augkit.executors.native.colour_programs import HEADER, MATRIX, MIX, MIX_NUMBERS, REAL, TABLE, program_of
from augkit.executors.native.curves import STEP, AnyReals, clamped, curved, rounded


def recolor(image: Image, run: ColorRun, alpha: bool) -> Image:
    """Return the picture with its colours changed, alpha left as it is."""
    return put_through(image, program_of(run, image.dtype, channels_of(image), alpha))


def put_through(image: Image, program: bytes) -> Image:
    """Return the picture put through a program that was made for its dtype and channels."""
    library = compiled.library
    if library is None:
        return recoloured(image, program)
    recolored = np.empty(image.shape, image.dtype)
    try:
        library.recolour(image, recolored, program)
    except ValueError:  # rows that are not in one piece
        library.recolour(np.ascontiguousarray(image), recolored, program)
    return recolored


def recoloured(image: Image, program: bytes) -> Image:
    """Return a picture put through a program: the twin of `augkit_recolour`."""
    kind, _, channels, alpha, *own = HEADER.unpack_from(program)
    pixels = image.reshape(-1, channels)
    colours = pixels[:, : channels - alpha]
    if kind == MIX:
        colours = _mixed(colours, program, *own[:2])
    elif kind == REAL:
        colours = _in_reals(colours, np.frombuffer(program, np.float64, own[0], HEADER.size).tolist())
    else:
        tables = np.frombuffer(program, image.dtype, offset=HEADER.size).reshape(-1, np.iinfo(image.dtype).max + 1)
        each = range(colours.shape[1])
        if kind == TABLE:
            colours = tables[0][colours]
        else:
            colours = np.stack([tables[k][colours[:, own[k] if len(each) <= len(own) else k]] for k in each], axis=1)
    return np.concatenate([colours, pixels[:, channels - alpha :]], axis=1).reshape(image.shape)


def _mixed(colours: Array, program: bytes, tables: int, mixes: int) -> Array:
    values, at = colours.astype(np.int64), HEADER.size
    if tables:
        first = np.frombuffer(program, np.int16, 256 * tables, at).reshape(tables, 256)
        values = np.stack([first[k % tables][colours[:, k]] for k in range(3)], axis=1).astype(np.int64)
        at += first.nbytes
    for _ in range(mixes):
        numbers = np.frombuffer(program, np.int32, MIX_NUMBERS, at).astype(np.int64)
        at += 4 * MIX_NUMBERS
        matrix, offsets, (shift, low, high, entries) = numbers[:9].reshape(3, 3), numbers[9:12], numbers[12:]
        sums = (values[:, None, :] * matrix).sum(axis=2) + offsets
        values = np.clip(sums >> shift, low, high)
        if entries:
            values = np.frombuffer(program, np.int16, entries, at).astype(np.int64)[values]
            at += 2 * (int(entries) + 1)
    return values.astype(np.uint8)


def _in_reals(colours: Array, numbers: list[float]) -> Array:
    top, at = RANGE[colours.dtype], 0
    values: AnyReals = colours if colours.dtype.kind == "f" else colours.astype(np.float64) * (1.0 / top)
    while at < len(numbers):
        if numbers[at] != MATRIX:
            values = curved(values, numbers[at : at + STEP])
            at += STEP
            continue
        r, g, b = values.T
        rows = np.array(numbers[at + 1 : at + 13]).reshape(3, 4).tolist()
        values = np.stack([((m[0] * r + m[1] * g) + m[2] * b) + m[3] for m in rows], axis=1)
        at += 13
    if colours.dtype.kind == "f":
        return clamped(values, 0.0, 1.0)
    return rounded(values * top, 0.0, top).astype(colours.dtype)
