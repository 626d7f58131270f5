"""Extraction of features: a picture at a time on a processor, several at once in threads, the same bits for any number.

A batch of other pictures, or of another size, changes the last bits of what a network says of a picture, and so do
torch's own threads, which moreover wait for each other in busy loops: two of them took thrice the time of one where the
machine had other work. A picture by itself takes no longer than as one of many.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

from augkit.train.models import Network


class Extraction:
    """Compute what a network's head gets of pictures.

    Args:
        network: with the weights that count; one that nobody else changes.
        prepared: brings a batch of pictures to the network's input, on its device.
        threads: pictures that are in hand at once, on a processor.
        is_mixed: products are of half precision.
    """

    def __init__(self, network: Network, prepared: Callable[[Tensor], Tensor], threads: int, is_mixed: bool) -> None:
        self.network = network
        self.prepared, self.threads, self.is_mixed = prepared, threads, is_mixed
        self.device = next(network.parameters()).device
        self._pool: ThreadPoolExecutor | None = None

    def begun(self, pictures: Tensor) -> Callable[[], Tensor]:
        """Begin with a batch of pictures (B, C, h, w), and return what waits for their features (B, F)."""
        if self.device.type != "cpu":
            self.network.eval()
            return lambda: self._features(pictures)
        if self._pool is None:
            self.network.eval()
            self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # two thirds of the time
            self._pool = ThreadPoolExecutor(self.threads, "features", torch.set_num_threads, (1,))
        pool = self._pool
        had = torch.get_num_threads()
        futures: list[Future[Tensor]] = [pool.submit(self._features, picture[None]) for picture in pictures]
        torch.set_num_threads(had)  # a new thread sets what others begin with
        return lambda: torch.cat([future.result() for future in futures])

    def close(self) -> None:
        """End the threads; they begin anew where features are asked for again."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    @torch.no_grad()
    def _features(self, pictures: Tensor) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.is_mixed):
            inputs = self.prepared(pictures)
            if self.device.type == "cpu":
                inputs = inputs.contiguous(memory_format=torch.channels_last)
            return self.network.features(inputs).float().cpu()
