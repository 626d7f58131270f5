"""Floats as operations write them down, in base64, when they are read again."""

from base64 import b64decode

import numpy as np

from augkit.errors import ArgumentError


def require_floats(base64: str, where: str) -> None:
    """Refuse a text that is not finite floats of four bytes, little-endian, in base64, as where a letter has changed.

    Of what was drawn in this process it is known, and to look would take as long as the draw.

    Raises:
        ArgumentError: it is something else.
    """
    try:
        found = np.frombuffer(b64decode(base64, validate=True), "<f4")
    except ValueError as fault:
        raise ArgumentError(f"must hold floats in base64, got a fault: {fault}.", where) from None
    if not np.isfinite(found).all():
        raise ArgumentError("must hold finite floats in base64, got others.", where)
