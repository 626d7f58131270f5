"""Patience: what cannot be read now is asked for again, with growing pauses, for as long as outages are waited for."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from augkit.errors import Changed, Unreachable

FIRST_PAUSE_S, LONGEST_PAUSE_S, GROWTH = 0.05, 5.0, 1.5
STEP_S = 0.2  # between signs of life

Answer = TypeVar("Answer")


@dataclass
class Patience:
    """Patience of one process.

    An outage that has outlasted it is not waited for again until something could be read: who meets it next is told at
    once.

    Args:
        seconds: how long one outage is waited for; 0 for not at all.
    """

    seconds: float
    _since: float | None = field(default=None, init=False)  # when the outage that lasts was first met

    def asked(self, ask: Callable[[], Answer], alive: Callable[[], None]) -> Answer:
        """Return the answer to a question that reads something, asked again and again while nothing can be read.

        Args:
            ask: the question.
            alive: called several times a second while it waits; what it raises ends the wait.

        Raises:
            Unreachable: it cannot be read for longer than is waited.
        """
        pause = FIRST_PAUSE_S
        while True:
            try:
                answer = ask()
            except Changed:  # which does not pass
                raise
            except Unreachable:
                now = time.monotonic()
                self._since = now if self._since is None else self._since
                left = self._since + self.seconds - now
                if left <= 0:
                    raise
                _wait(min(pause, left), alive)
                pause = min(pause * GROWTH, LONGEST_PAUSE_S)
            else:
                self._since = None
                return answer


def _wait(seconds: float, alive: Callable[[], None]) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        alive()
        time.sleep(min(left, STEP_S))
    alive()
