"""Scenes: the facts of a sample without its pixels, which transforms look at when they draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from augkit.core.arrays import Label, Rows
from augkit.core.ops import Blend, External, Op, Spatial, moves
from augkit.core.sampling import CURRENT, Behaviour
from augkit.core.spatial import Size
from augkit.core.tonal import DTYPE_NAMES
from augkit.core.warp import push
from augkit.errors import SampleError
from augkit.targets.outlines import boxes_around, outlines_of
from augkit.targets.sample import Sample

_ASKED = (External, Blend)  # operations that another library may have to be asked about


@dataclass(frozen=True, eq=False)
class Scene:
    """The facts that a transform may look at when it draws, after the operations drawn so far.

    Args:
        size: (height, width) of the picture as it would now come out.
        channels: 1 for (H, W).
        dtype: name of the picture's dtype.
        alpha: the last channel is alpha.
        label: the sample's label.
        source_boxes, source_keypoints: (n, 4) and (k, 2) in the source, or None.
        moves: how points move by what was drawn so far.
        behaviour: what steps mean: that of the pipeline's sampling options.
    """

    size: Size
    channels: int = 3
    dtype: str = "uint8"
    alpha: bool = False
    label: Label = None
    source_boxes: Rows | None = None
    source_keypoints: Rows | None = None
    moves: tuple[Spatial, ...] = ()
    behaviour: Behaviour = CURRENT

    @classmethod
    def of(cls, sample: Sample) -> Scene:
        """Return the facts of a sample.

        Raises:
            SampleError: it is no `Sample`.
        """
        if not isinstance(sample, Sample):
            advice = "Give ak.Sample(image=...)."
            raise SampleError(f"must be a Sample, got {type(sample).__name__}. {advice}", "sample")
        shape, dtype = sample.image.shape, sample.image.dtype
        made = object.__new__(cls)  # and filled here: a frozen dataclass takes thrice the time to set each part
        parts = made.__dict__
        parts["size"] = shape[:2]
        parts["channels"] = shape[2] if len(shape) == 3 else 1
        parts["dtype"] = DTYPE_NAMES[dtype]
        parts["alpha"], parts["label"] = sample.alpha, sample.label
        parts["source_boxes"], parts["source_keypoints"] = sample.boxes, sample.keypoints
        return made

    def advanced(self, ops: tuple[Op, ...]) -> tuple[tuple[Op, ...], Scene]:
        """Return operations as plans hold them, and the scene as it will be when they have been done.

        This is where another library is asked what comes out of an `External`, which a draw only names.

        Raises:
            SampleError: they would leave no pixel, or another library cannot do one of them.
        """
        for op in ops:
            if type(op) in _ASKED:
                ops = self._settled(ops)
                break
        return ops, self._moved(ops)

    def after(self, ops: tuple[Op, ...]) -> Scene:
        """Return the scene as it will be when `ops` have been done: see `advanced`."""
        return self.advanced(ops)[1]

    def _settled(self, ops: tuple[Op, ...]) -> tuple[Op, ...]:
        scene, found = self, []
        for op in ops:
            if isinstance(op, External):
                channels = scene.channels - scene.alpha
                op = op.library.settled(op, scene.size, channels, scene.dtype, scene.shown_boxes)
            elif isinstance(op, Blend):
                op = Blend(tuple(map(scene._settled, op.branches)), op.weights)
            found.append(op)
            scene = scene._moved((op,))
        return tuple(found)

    def _moved(self, ops: tuple[Op, ...]) -> Scene:
        size, moved = self.size, moves(ops, self.size)
        if not moved:
            return self
        for move in moved:
            size = move.size
            if size[0] < 1 or size[1] < 1:
                raise SampleError(f"must leave at least one pixel, got size {size} from a picture of {self.size}.")
        made = object.__new__(Scene)  # as in `of`
        made.__dict__.update(self.__dict__, size=size, moves=self.moves + moved)
        return made

    @property
    def boxes(self) -> Rows | None:
        """Boxes (n, 4) as they now lie, unclipped; none were dropped."""
        boxes = self.source_boxes
        return None if boxes is None else boxes_around(push(self.moves, outlines_of(boxes)))

    @property
    def shown_boxes(self) -> Rows:
        """Boxes (n, 4) as far as the picture shows them, those left out of which it shows nothing."""
        boxes = self.boxes
        if boxes is None:
            return np.zeros((0, 4))
        whole = boxes[np.isfinite(boxes).all(axis=1)]  # what reaches beyond a horizon is dropped
        clipped = np.clip(whole, 0.0, np.tile(self.size[::-1], 2))
        return np.asarray(clipped[(clipped[:, :2] < clipped[:, 2:]).all(axis=1)], np.float64)

    @property
    def keypoints(self) -> Rows | None:
        """Keypoints (k, 2) as they now lie."""
        return None if self.source_keypoints is None else push(self.moves, self.source_keypoints)
