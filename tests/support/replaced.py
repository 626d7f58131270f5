"""Registers with another thing under a name, for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from augkit.registers import Register

T = TypeVar("T")


@contextmanager
def replaced(register: Register[T], name: str, thing: T) -> Iterator[None]:
    """Put a thing in the place of another one."""
    own = register[name]
    register.remove(name)
    register.add(name, thing)
    try:
        yield
    finally:
        register.remove(name)
        register.add(name, own)
