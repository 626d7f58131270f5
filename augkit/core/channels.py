"""Channels of pictures: how many there are, and whether they are red, green and blue."""

from __future__ import annotations

from augkit.core.arrays import Array
from augkit.errors import SampleError


def channels_of(array: Array) -> int:
    """Return C of (H, W, C), and 1 of (H, W)."""
    return array.shape[2] if array.ndim == 3 else 1


def require_rgb(channels: int, alpha: bool, where: str) -> None:
    """Refuse a picture that has not red, green and blue, by the name of the step that needs them.

    Raises:
        SampleError: there are other than 3 channels, or 4 with alpha.
    """
    if channels != 3 + alpha:
        found = f"{channels} channel" + "s" * (channels != 1)
        raise SampleError(f"must get an RGB picture, got one of {found}. Leave the step out.", where)
