"""JPEGs that wait to be decoded until a plan says how large they are shown."""

from collections.abc import Callable

from augkit.core.shrunk import Shrunk
from augkit.errors import DecodeError
from augkit.images.decoding import Decoded, decode, refusing
from augkit.images.modes import Mode
from augkit.images.scaling import shape_of


class Waiting:
    """A JPEG that is decoded once for every scale that it is asked for.

    Args:
        data: the file.
        mode: of what comes out, see `augkit.images.modes`.
        shape: of the whole picture in that mode.
        where: for messages.
        decoder: `decode`, or what does the same elsewhere.
    """

    def __init__(
        self,
        data: bytes,
        mode: Mode,
        shape: tuple[int, ...],
        where: str = "",
        decoder: Callable[..., Decoded] = decode,
    ) -> None:
        self.data, self.mode, self.shape, self.where, self.decoder = data, mode, shape, where, decoder
        self._decoded: dict[int, Decoded] = {}

    def decoded(self, scale: int) -> Decoded:
        """Return the picture at 1/`scale`.

        Raises:
            DecodeError: it cannot be decoded.
        """
        if scale not in self._decoded:
            try:
                self._decoded[scale] = self.decoder(self.data, self.mode, scale=scale)
            except DecodeError as fault:
                raise fault.at(self.where) if self.where else fault from fault.__cause__
        return self._decoded[scale]

    def at(self, scale: int) -> Shrunk:
        """Return likewise what `augkit.executors.run` shows in place of the whole picture."""
        decoded = self.decoded(scale)
        return Shrunk(decoded.image, decoded.placement)


def waiting(data: bytes, mode: Mode, where: str = "", decoder: Callable[..., Decoded] = decode) -> Waiting | None:
    """Return a picture that can wait, or None of one that is to be decoded whole: it is no such JPEG.

    Raises:
        DecodeError: its header is damaged, or larger than is read.
    """
    try:
        with refusing(data):
            shape = shape_of(data, mode)
    except DecodeError as fault:
        raise fault.at(where) if where else fault from fault.__cause__
    return None if shape is None else Waiting(data, mode, shape, where, decoder)
