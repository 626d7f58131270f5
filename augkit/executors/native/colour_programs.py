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

from augkit import compiled
from augkit.core.arrays import Array, Dtype
from augkit.core.ops import ColorMatrix, Curve
from augkit.core.ops.colouring import EDGE
from augkit.core.plan import ColorRun
from augkit.core.spatial import Matrix
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
SHORT = (-32767.0, 32767.0)  # the range of int16
SPARE = b"\0\0"  # an entry behind a table, which vectors may read and nobody uses
NOTHING = (1.0, 0.0)  # is changed by this straight piece
_STRAIGHT = {"gain", "contrast", "invert"}
_STEPPED = {"posterize", "solarize", "threshold"}

_Op: TypeAlias = ColorMatrix | Curve
_Triple: TypeAlias = tuple[float, float, float]


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
    traced = _traced(ops) if letter == "B" else None
    if traced is not None:
        tables = b"".join(_table(steps, letter) for _, steps in traced)
        return HEADER.pack(TABLES, *head, *(source for source, _ in traced), 0) + tables
    mixed = _mixed(ops) if letter == "B" else None
    if mixed is not None:
        first, mixes = mixed
        return HEADER.pack(MIX, *head, int(bool(first)), len(mixes), 0, 0) + first + b"".join(mixes)
    numbers = _reals(ops)
    return HEADER.pack(REAL, *head, len(numbers), 0, 0, 0) + struct.pack(f"={len(numbers)}d", *numbers)


def _table(steps: Sequence[float], letter: str) -> bytes:
    count = 256 if letter == "B" else 65536
    return table(steps, count, letter, count - 1.0, (0.0, count - 1.0))


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


def _traced(ops: tuple[_Op, ...]) -> list[tuple[int, list[float]]] | None:
    """Return which colour each colour comes from, and the curve on its way; None where one is a mixture."""
    traced = []
    for colour in range(3):
        source: int = colour
        steps: list[float] = []
        for op in reversed(ops):
            if isinstance(op, Curve):
                steps = steps_of(op.functions) + steps
                continue
            row, offset = op.matrix[source], op.offset[source]
            sources = [k for k in range(3) if row[k]] or [source]
            if len(sources) > 1:
                return None
            source = sources[0]
            if row[source] != 1.0 or offset:
                steps = [LINEAR, row[source], offset, *steps]
        traced.append((source, steps))
    return traced


def _mixed(ops: tuple[_Op, ...]) -> tuple[bytes, list[bytes]] | None:
    """Return the first table and the mixes of a run; None where its numbers are beyond 32 bits."""
    stages = _stages(ops)
    first, bits, reach, mixes = b"", 0, float(TOP), list[bytes]()
    if stages[0][0] is None:
        functions = stages.pop(0)[1]
        found = _bits(_most(functions))
        if found is None:
            return None
        bits, reach = found, SHORT[1]
        first = table(steps_of(functions), 256, "h", TOP * 2.0**bits, SHORT)
    last = len(stages) - 1
    if last >= MAX_MIXES or (not first and not last and _is_dyadic(stages[0][0])):
        return None
    for position, (matrix, functions) in enumerate(stages):
        made = None if matrix is None else _mix(matrix, functions, bits, reach, position == last)
        if made is None:
            return None
        mix, bits, reach = made
        mixes.append(mix)
    return first, mixes


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


def _is_dyadic(matrix: ColorMatrix | None) -> bool:
    rows = () if matrix is None else (*matrix.matrix, tuple(TOP * value for value in matrix.offset))
    for row in rows:
        for number in row:
            if not (DYADIC * number).is_integer():
                return False
    return True


def _most(functions: _Functions) -> float:
    """Return how far from 0 a curve goes at most, and at least 1."""
    name, number = functions[-1]
    return max(1.0, number if name == "gain" else 0.5 + 0.5 * number if name == "contrast" else 1.0)


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


def _mix(
    matrix: ColorMatrix, functions: _Functions, bits: int, reach: float, is_last: bool
) -> tuple[bytes, int, float] | None:
    """Return the mix of a matrix and the curve behind it, then the bits of fraction of what comes out, and its reach.

    `bits` are those of what it gets, which is at most `reach`.
    """
    straight = _straightened(functions)
    out = 0 if is_last else _bits(_most(functions))
    if out is None:
        return None
    if straight is None:
        if any(name == "posterize" and 4.0 < number < 7.0 for name, number in functions):
            return None  # it has so many steps, of more than 2 levels, that a hundredth of a level beside each shows
        # What lies just below a step, a whole number of 64ths as most are, must not be rounded to it.
        ahead = 0.5 if functions[0][0] in _STEPPED else 0.0
        entries = (TOP << FINE_BITS) + 1
        made = mix_numbers(matrix.matrix, matrix.offset, NOTHING, (0, entries - 1), (bits, FINE_BITS), reach, not ahead)
        limits = (0.0, float(TOP)) if is_last else SHORT
        fine = table(steps_of(functions), entries, "h", TOP * 2.0**out, limits, ahead) + SPARE
        return None if made is None else (made[:-4] + struct.pack("=i", entries) + fine, out, SHORT[1])
    unit = TOP * 2.0**out
    low, high = round(straight.low * unit), round(straight.high * unit)
    if is_last:
        low, high = min(max(low, 0), TOP), min(max(high, 0), TOP)
    piece = (straight.factor, straight.offset)
    made = mix_numbers(matrix.matrix, matrix.offset, piece, (low, high), (bits, out), reach, True)
    return None if made is None else (made, out, float(max(-low, high)))


def mix_numbers(
    matrix: Matrix,
    offset: _Triple,
    straight: tuple[float, float],
    limits: tuple[int, int],
    fractions: tuple[int, int],
    reach: float,
    nearest: bool,
) -> bytes | None:
    """Return a mix without its table, as C reads it; None where its numbers are beyond 32 bits.

    Rounding the coefficients of a row does not change their sum: greys come out exactly, and nothing has a bias.

    Args:
        matrix: of the colours.
        offset: of the colours, in fractions of the range.
        straight: the factor and the offset of what is behind the matrix.
        limits: to which sums are clamped after the shift.
        fractions: how many bits of fraction values have that come in, and that go out.
        reach: the most that comes in.
        nearest: whether sums are rounded to nearest, or else down.
    """
    if compiled.library is not None:
        return compiled.library.mix_numbers(matrix, offset, straight, limits, fractions, reach, nearest)
    (bits, out), (factor, added) = fractions, straight
    rows = [(a * factor, b * factor, c * factor) for a, b, c in matrix]
    offsets = [value * factor + added for value in offset]
    unit, largest, total = TOP * 2.0**bits, 1e-3, 1.0
    for (r, g, b), value in zip(rows, offsets, strict=True):
        total = max(total, (abs(r) + abs(g) + abs(b)) * reach + abs(value) * unit)
        largest = max(largest, abs(r), abs(g), abs(b))
    scale_bits = min(COEFFICIENT_BITS, _exponent(min(32766.0 / largest, 2.0**30 / total)))
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
    return _MIX.pack(*coefficients, *(round(value * unit * scale + half) for value in offsets), shift, *limits, 0)
