"""Programs of colour runs: a `ColorRun` compiled to tables and to sums of whole numbers, see augkit/compiled/colours.h.

Pictures of 8 bits are put through a table where colours do not mix, and through a `Mix` for each matrix where they do:
sums of products of 16 bits. What a curve makes of a matrix's values is folded into the matrix and its clamp where the
curve is straight; else it is a table of them, in steps of 1/64 of a level. Deep pictures, and numbers too large for 32
bits, are done in float64, in the order in which they are written.
"""

import math
import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np

from augkit.core.arrays import Array, Dtype
from augkit.core.ops import ColorMatrix, Curve
from augkit.core.ops.colouring import EDGE
from augkit.core.plan import ColorRun
from augkit.core.spatial import Row
from augkit.executors.native.curves import LINEAR, steps_of, table

TABLE, TABLES, MIX, REAL = range(4)
MATRIX = 100.0
MAX_MIXES = 6
MAX_COLOURS = 4  # whose source tables tell
TOP = 255
FINE_BITS = 6  # of a level's fraction, of values that are looked up
MAX_BITS = 7  # of fractions of what fits into 16 bits
COEFFICIENT_BITS = 20
DYADIC = 256.0  # multiples of 1 / 256 are halves so often that they must be rounded to even ones
HEADER = struct.Struct("=8i")
MIX_NUMBERS = 16
_MIX = struct.Struct(f"={MIX_NUMBERS}i")
_STRAIGHT = {"gain", "contrast", "invert"}
_STEPPED = {"posterize", "solarize", "threshold"}

_Op: TypeAlias = ColorMatrix | Curve
_Triple: TypeAlias = tuple[float, float, float]


class Mix(NamedTuple):
    """Three sums, (coefficients . colours + offsets) >> shift, clamped to [low, high], and a table of them.

    Args:
        coefficients: nine, row by row, of 16 bits.
        offsets: three of 32 bits.
        shift, low, high: as above.
        table: int16 of every value from 0 to high, and one more; empty: none.
    """

    coefficients: tuple[int, ...]
    offsets: tuple[int, ...]
    shift: int
    low: int
    high: int
    table: bytes = b""

    def packed(self) -> bytes:
        """Return it as C reads it."""
        entries = max(0, len(self.table) // 2 - 1)
        return _MIX.pack(*self.coefficients, *self.offsets, self.shift, self.low, self.high, entries) + self.table


class _Straight(NamedTuple):
    """A curve of [0, 1] that is factor v + offset, clamped to [low, high]."""

    factor: float
    offset: float
    low: float
    high: float


def program_of(run: ColorRun, dtype: Dtype, channels: int, alpha: bool) -> bytes:
    """Return the program of a run for pictures of uint8, uint16 or float32 and so many channels.

    Args:
        run: whose matrices need three channels, or four with alpha.
        dtype: of the picture.
        channels: of the picture, alpha among them.
        alpha: whether the last channel is alpha, which stays.
    """
    return _compiled(run.ops, dtype.char, channels, alpha)


def tables_program(tables: Array, alpha: bool) -> bytes:
    """Return the program of a table for every colour (colours, 256 of uint8 or 65536 of uint16), alpha behind them."""
    own = [min(colour, len(tables) - 1) for colour in range(MAX_COLOURS)]
    return HEADER.pack(TABLES, ord(tables.dtype.char), len(tables) + alpha, int(alpha), *own) + tables.tobytes()


@lru_cache(maxsize=32)
def _compiled(ops: tuple[_Op, ...], letter: str, channels: int, alpha: bool) -> bytes:
    head = (ord(letter), channels, int(alpha))
    curves = [op for op in ops if isinstance(op, Curve)]
    if letter != "f" and len(curves) == len(ops):
        steps = [number for op in curves for number in steps_of(op.functions)]
        return HEADER.pack(TABLE, *head, 0, 0, 0, 0) + _table(steps, letter)
    traced = [_traced(ops, colour) for colour in range(3)] if letter != "f" else [None]
    if None not in traced:
        found = [each for each in traced if each is not None]
        tables = b"".join(_table(steps, letter) for _, steps in found)
        return HEADER.pack(TABLES, *head, *(source for source, _ in found), 0) + tables
    mixed = _mixed(ops) if letter == "B" else None
    if mixed is not None:
        tables, mixes = mixed
        own = (int(bool(tables)), len(mixes), 0, 0)
        return HEADER.pack(MIX, *head, *own) + tables + b"".join(mix.packed() for mix in mixes)
    numbers = _reals(ops)
    return HEADER.pack(REAL, *head, len(numbers), 0, 0, 0) + struct.pack(f"={len(numbers)}d", *numbers)


def _table(steps: Sequence[float], letter: str) -> bytes:
    count = 256 if letter == "B" else 65536
    return table(steps, count, count - 1.0, np.dtype(letter)).tobytes()


def _reals(ops: tuple[_Op, ...]) -> list[float]:
    numbers: list[float] = []
    for op in ops:
        if isinstance(op, Curve):
            numbers += steps_of(op.functions)
        else:
            numbers.append(MATRIX)
            for row, offset in zip(op.matrix, op.offset, strict=True):
                numbers += (*row, offset)
    return numbers


def _traced(ops: tuple[_Op, ...], colour: int) -> tuple[int, list[float]] | None:
    """Return which colour a colour comes from, and the curve on its way; None where it is a mixture."""
    steps: list[float] = []
    for op in reversed(ops):
        if isinstance(op, Curve):
            steps = steps_of(op.functions) + steps
            continue
        sources = [source for source in range(3) if op.matrix[colour][source]] or [colour]
        if len(sources) > 1:
            return None
        factor, offset = op.matrix[colour][sources[0]], op.offset[colour]
        if (factor, offset) != (1.0, 0.0):
            steps = [LINEAR, factor, offset, *steps]
        colour = sources[0]
    return colour, steps


def _mixed(ops: tuple[_Op, ...]) -> tuple[bytes, list[Mix]] | None:
    """Return the first table and the mixes of a run; None where its numbers are beyond 32 bits."""
    stages = _stages(ops)
    first, stages = (stages[0][1], stages[1:]) if stages[0][0] is None else ([], stages)
    bits, reach, tables = 0, float(TOP), b""
    if first:
        found = _bits(max(map(abs, _range_of(first))))
        if found is None:
            return None
        bits, reach = found, 32767.0
        steps = steps_of(first)
        tables = table(steps, 256, TOP * 2.0**bits, np.dtype(np.int16))[:256].tobytes()
    mixes: list[Mix] = []
    for position, (matrix, functions) in enumerate(stages):
        if matrix is None or position == MAX_MIXES:
            return None
        is_last = position == len(stages) - 1
        if is_last and not tables and not mixes and _is_dyadic(matrix):
            return None
        made = _mix(matrix, functions, bits, reach, is_last)
        if made is None:
            return None
        mix, bits = made
        mixes.append(mix)
        reach = float(max(-mix.low, mix.high)) if not mix.table else 32767.0
    return tables, mixes


_Functions: TypeAlias = list[tuple[str, float]]


def _stages(ops: tuple[_Op, ...]) -> list[tuple[ColorMatrix | None, _Functions]]:
    """Return matrices, each with the functions behind it; None in place of a first one that is not there."""
    stages: list[tuple[ColorMatrix | None, _Functions]] = []
    for op in ops:
        if isinstance(op, ColorMatrix):
            last = stages[-1] if stages else (None, [])
            if last[0] is not None and not last[1]:
                stages[-1] = op.after(last[0]), []
            else:
                stages.append((op, []))
        elif stages:
            stages[-1][1].extend(op.functions)
        else:
            stages.append((None, list(op.functions)))
    return stages


def _is_dyadic(matrix: ColorMatrix) -> bool:
    numbers = [DYADIC * number for row in matrix.matrix for number in row]
    return all(number.is_integer() for number in numbers + [DYADIC * TOP * number for number in matrix.offset])


def _range_of(functions: _Functions) -> tuple[float, float]:
    """Return the least and the most that a curve gives."""
    name, number = functions[-1]
    if name == "gain":
        return 0.0, max(1.0, number)
    return (min(0.0, 0.5 - 0.5 * number), max(1.0, 0.5 + 0.5 * number)) if name == "contrast" else (0.0, 1.0)


def _bits(most: float) -> int | None:
    """Return with how many bits of fraction levels up to `most` times the top fit into 16 bits."""
    bits = min(MAX_BITS, _exponent(32767.0 / (TOP * most)))
    return bits if bits >= 0 else None


def _exponent(value: float) -> int:
    """Return the whole part of the logarithm to base 2, exactly."""
    return math.frexp(value)[1] - 1


def _straightened(functions: _Functions) -> _Straight | None:
    """Return a curve as one straight piece between two levels; None where it is none."""
    factor, offset, low, high = 1.0, 0.0, 0.0, 1.0
    for name, number in functions:
        if name not in _STRAIGHT:
            return None
        low, high = min(max(low, 0.0), 1.0), min(max(high, 0.0), 1.0)
        scale = 1.0 - 2.0 * number if name == "invert" else number
        shift = {"gain": 0.0, "contrast": 0.5 - 0.5 * number, "invert": number}[name]
        factor, offset = factor * scale, offset * scale + shift
        low, high = sorted((low * scale + shift, high * scale + shift))
    return _Straight(factor, offset, low, high)


def _mix(matrix: ColorMatrix, functions: _Functions, bits: int, reach: float, is_last: bool) -> tuple[Mix, int] | None:
    """Return the mix of a matrix and of the curve behind it, and the bits of fraction of what comes out.

    `bits` are those of what it gets, which is at most `reach`.
    """
    straight = _straightened(functions)
    limits = _range_of(functions) if straight is None else (straight.low, straight.high)
    out = 0 if is_last else _bits(max(1.0, *map(abs, limits)))
    if out is None:
        return None
    if straight is None:
        # What lies just below a step, a whole number of 64ths as most are, must not be rounded to it.
        ahead = 0.5 if functions[0][0] in _STEPPED else 0.0
        mix = _in_integers(matrix.matrix, matrix.offset, bits, reach, FINE_BITS, 0, TOP << FINE_BITS, not ahead)
        fine = table(steps_of(functions), (TOP << FINE_BITS) + 1, TOP * 2.0**out, np.dtype(np.int16), ahead)
        fine = np.clip(fine, 0, TOP).astype(np.int16) if is_last else fine
        return None if mix is None else (mix._replace(table=fine.tobytes()), out)
    rows = [(a * straight.factor, b * straight.factor, c * straight.factor) for a, b, c in matrix.matrix]
    offset = [value * straight.factor + straight.offset for value in matrix.offset]
    low, high = (round(value * TOP * 2.0**out) for value in limits)
    if is_last:
        low, high = min(max(low, 0), TOP), min(max(high, 0), TOP)
    mix = _in_integers(rows, offset, bits, reach, out, low, high)
    return None if mix is None else (mix, out)


def _in_integers(
    rows: Sequence[Row],
    offset: Sequence[float],
    bits: int,
    reach: float,
    out: int,
    low: int,
    high: int,
    nearest: bool = True,
) -> Mix | None:
    """Return sums of whole numbers of values with `bits` of fraction, to values with `out` bits; None beyond 32 bits.

    Sums are rounded to nearest, or else down. Rounding the coefficients of a row does not change their sum, so that
    greys come out exactly, and nothing has a bias.
    """
    unit = TOP * 2.0**bits
    largest = max(abs(value) for row in rows for value in row)
    reaches = (
        (abs(r) + abs(g) + abs(b)) * reach + abs(value) * unit for (r, g, b), value in zip(rows, offset, strict=True)
    )
    scale_bits = min(COEFFICIENT_BITS, _exponent(min(32766.0 / max(largest, 1e-3), 2.0**30 / max(1.0, *reaches))))
    shift = bits + scale_bits - out
    if not 1 <= shift <= 31:
        return None
    scale, half = 2.0**scale_bits, 2.0 ** (shift - 1) if nearest else EDGE * unit * 2.0**scale_bits
    coefficients: list[int] = []
    for r, g, b in rows:
        whole = [round(r * scale), round(g * scale), round(b * scale)]
        most = max(range(3), key=lambda k: abs(whole[k]))
        whole[most] += round((r + g + b) * scale) - sum(whole)
        coefficients += whole
    return Mix(tuple(coefficients), tuple(round(value * unit * scale + half) for value in offset), shift, low, high)
