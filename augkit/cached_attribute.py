"""Attributes that are computed when they are first asked for, and then kept: without a lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class cached_attribute(Generic[T]):  # noqa: N801 - a decorator, called as property is
    """Keep what a method returns, as an attribute of its name.

    `functools.cached_property` holds a lock before Python 3.12, one for all objects of a class. A process that is
    forked while another thread has it waits for it for ever. Here two threads may compute the same value, and the last
    one is kept.

    >>> class Square:
    ...     side = 3
    ...     @cached_attribute
    ...     def area(self) -> int:
    ...         return self.side**2
    >>> Square().area
    9
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self.compute, self.__doc__, self.name = compute, compute.__doc__, compute.__name__

    @overload
    def __get__(self, instance: None, owner: type) -> cached_attribute[T]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object, owner: type) -> cached_attribute[T] | T:
        if instance is None:
            return self
        value = instance.__dict__[self.name] = self.compute(instance)
        return value
