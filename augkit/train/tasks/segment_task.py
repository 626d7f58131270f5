"""Segmentation: the class of every pixel of a picture."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self, final

import numpy as np
import torch
from torch import Tensor

from augkit.core.arrays import Array, Flags, Image, Indices, JsonObject, Label, Mask, Reals
from augkit.core.spatial import Size
from augkit.datasets import DataSet, Source
from augkit.errors import SampleError
from augkit.images import encode
from augkit.images.network_input import Placement
from augkit.targets.masks import Masks
from augkit.targets.polygons import Polygons
from augkit.targets.sample import Sample
from augkit.train.comparison.outcomes import ALL, Outcomes, jackknifed
from augkit.train.models.preprocessing import Fit
from augkit.train.report.overlays import beside, colours_of, legend, mistaken, tinted
from augkit.train.report.report_page import Section, dash_note, percent, table
from augkit.train.tasks.dense import Dense
from augkit.train.tasks.headline import Headline, drawn_again, resampled
from augkit.train.tasks.mask_facts import MaskFacts, told_classes
from augkit.train.tasks.mask_numbers import IGNORED, MaskNumbers, meaning_of
from augkit.train.tasks.overlap import TRUE, Overlap, confusion, ious_of, mean_of_known
from augkit.train.tasks.painted_objects import painted
from augkit.train.tasks.pixel_frames import classes_at, likeliest
from augkit.train.tasks.pixel_loss import enlarged, mass_of, pixel_loss
from augkit.train.tasks.task import TASKS, Constant, Evaluation, Loss, rounded
from augkit.train.wilson import LEVEL

MOST_CONFUSED = 12  # pairs of classes that a report lists
MOST_DRAWN_PX = 400  # the side of a picture in the report's gallery


@final
@dataclass(frozen=True)
class Segment(Dense):
    """The class of every pixel; outputs are logits (B, k, h, w) of the finest map's places.

    Targets are the places of classes (h, w), uint8, in the frame of the network's input; `IGNORED` counts neither in
    the loss nor in any figure. Of a picture an evaluation keeps how many pixels of each class were said to be of which
    (k, k), and of the truth how many there are of each (k,): in the network's input where epochs are compared, in the
    picture's own pixels where figures are told.
    """

    numbers: tuple[int, ...]  # that stand for the classes in masks
    ignored: tuple[int, ...] = ()  # numbers that count nowhere; as do all others
    taught_by: tuple[str, ...] = (Masks.kind,)  # or the outlines of objects, which are painted

    kind: ClassVar[str] = "segment"
    head: ClassVar[str] = "segment"
    target_kind: ClassVar[str] = Masks.kind
    others: ClassVar[tuple[str, ...]] = (Polygons.kind,)
    batch_size: ClassVar[int] = 4  # each pixel is an example: more steps teach more than larger ones
    passes: ClassVar[int] = 3000  # after which more taught 48 scenes nothing: see benchmarks/segmentation.py
    is_uneven: ClassVar[bool] = True
    fit: ClassVar[Fit] = "squeeze"  # the whole picture is judged, and no pixel is spent beside it
    labels_are: ClassVar[str] = "masks"
    options: ClassVar[frozenset[str]] = frozenset({"smoothing", "class_weights"})
    score_name: ClassVar[str] = "mean IoU"
    score_is_share: ClassVar[bool] = True
    output: ClassVar[str] = "logits"
    meaning: ClassVar[str] = "logits (batch, class, height, width): their softmax over the classes is the probability"
    pictures: ClassVar[tuple[str, ...]] = ()
    bets_are: ClassVar[str] = ""
    is_less_better: ClassVar[bool] = False
    mistakes_are: ClassVar[str] = (
        "Each as picture, truth, answer and what is wrong of it (red); pictures with the smallest mean IoU first"
    )

    @classmethod
    def of_sources(cls, data: DataSet, sources: Sequence[Source], numbers: Collection[int]) -> Self:
        if not numbers:
            held = {name for source in sources for name in source.box_labels}
            if not held:
                raise SampleError("must hold an object with an outline to be learnt, got none.", "polygons")
            names = [name for name in data.classes if name in held]
            names += sorted(held - set(names))
            return cls(("background", *names), tuple(range(len(names) + 1)), (), (Polygons.kind,))
        found = meaning_of(numbers, data.about, data.form == "voc")
        return cls(found.names, found.numbers, found.ignored)

    @property
    def meant(self) -> MaskNumbers:
        """The meaning of the numbers in masks."""
        return MaskNumbers(self.names, self.numbers, self.ignored)

    @property
    def background(self) -> int | None:
        """The place of the class that has no colour of its own: the background, whose number is 0."""
        place = self.numbers.index(0) if 0 in self.numbers else None
        return place if place is not None and self.names[place] == "background" else None

    @property
    def outside(self) -> int:
        """A number of no class, which is ignored, and which masks of bytes can hold if any can."""
        return next(number for number in range(len(self.numbers) + 1) if number not in self.numbers)

    def told(self, masks: Mapping[str, Sequence[MaskFacts | None]]) -> Iterator[str]:
        return told_classes(self.meant, masks) if self.taught_by == (Masks.kind,) else iter(())

    def target(self, sample: Sample, size: Size) -> Tensor:
        if self.taught_by != (Masks.kind,) and sample.boxes is not None:
            places = {name: place for place, name in enumerate(self.names) if place}
            return torch.from_numpy(painted(sample, places, 0))
        if sample.mask is None:
            return torch.full(size, IGNORED, dtype=torch.uint8)
        mask = sample.mask if sample.mask.ndim == 2 else sample.mask[..., 0]
        return torch.from_numpy(self.meant.places(mask))

    def joined(self, targets: Sequence[Tensor]) -> Tensor:
        return torch.stack(list(targets))

    def loss(self, weights: Tensor | None = None, smoothing: float = 0.0, is_robust: bool = False) -> Loss:
        return lambda outputs, truths: pixel_loss(outputs, truths, weights, smoothing)

    def balanced(self, truths: Tensor) -> Tensor:
        """Return the root of how much rarer a class's pixels are than the mean class's.

        Half of the way, as a geometric mean, to classes that count alike: all the way, what is rare is said everywhere.
        """
        counts = torch.bincount(truths[truths != IGNORED].long().ravel(), minlength=self.outputs).float()
        present = counts > 0
        return torch.where(present, (counts[present].mean() / counts.clamp(min=1.0)).sqrt(), 1.0)

    def constant(self, truths: Tensor) -> Constant | None:
        """Return the commonest class for every pixel, as 1 in its place among the classes (k,)."""
        counts = torch.bincount(truths.ravel().int(), minlength=IGNORED + 1)[: self.outputs]
        place = int(counts.argmax())
        return Constant(f"{self.names[place]} everywhere", np.eye(self.outputs)[place]) if counts.any() else None

    def kept(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        said = likeliest(enlarged(outputs, (targets.shape[1], targets.shape[2])))
        pairs = [self._kept(truth.cpu().numpy(), one.cpu().numpy()) for truth, one in zip(targets, said, strict=True)]
        return torch.stack([confusions for confusions, _ in pairs]), torch.stack([counts for _, counts in pairs])

    def judged(
        self, output: Tensor, target: Tensor, fit: Placement, size: Size, original: Callable[[], Sample]
    ) -> tuple[Tensor, Tensor]:
        return self._kept(self.target(original(), size).numpy(), self.placed(output.cpu(), fit, size))

    def _kept(self, truth: Mask, said: Mask) -> tuple[Tensor, Tensor]:
        found = confusion(truth, said, self.outputs).astype(np.int32)
        return torch.from_numpy(found), torch.from_numpy(found.sum(axis=1))

    def always(self, answer: Array, targets: Array) -> Array:
        found: Array = targets[:, :, None] * answer.astype(np.int32)
        return found

    def mass(self, targets: Tensor, weights: Tensor | None) -> float:
        return float(mass_of(targets, weights))

    def placed(self, output: Tensor, fit: Placement, size: Size) -> Array:
        input_width = fit.scale_x * size[1] + 2.0 * fit.left  # but for a pixel: pictures lie in the middle
        cell = max(1, round(input_width / output.shape[2]))  # pixels of the input to one place of the outputs
        return classes_at(output, Placement(*(part / cell for part in fit)), size)

    def deployed(self, outputs: Tensor, size: Size) -> Tensor:
        return enlarged(outputs, size)

    def overlay(self, picture: Image, output: Tensor, target: Tensor) -> Image:
        step = max(1, -(-max(picture.shape[:2]) // MOST_DRAWN_PX))
        answer = likeliest(enlarged(output[None], (target.shape[0], target.shape[1])))[0].cpu().numpy()
        shown, said, truth = (plane[::step, ::step] for plane in (picture, answer, target.cpu().numpy()))
        colours = colours_of(self.outputs, self.background is not None)
        drawn = [tinted(shown, classes, colours, self.background) for classes in (truth, said)]
        upper = beside([tinted(shown, np.full(truth.shape, 0, np.uint8), colours, 0), drawn[0]])
        lower = beside([drawn[1], mistaken(shown, truth, said, self.outputs)])
        gap = np.full((max(2, len(shown) // 40), upper.shape[1], 3), 255, np.uint8)
        return np.concatenate([upper, gap, lower])

    def drawn(self, picture: Image, answers: Array) -> Image:
        return tinted(picture, answers, colours_of(self.outputs, self.background is not None), self.background)

    def files(self, answers: Array) -> dict[str, bytes]:
        """Return a mask of the numbers that the data set's own masks have."""
        levels = np.array(self.numbers, np.uint16 if max(self.numbers) > 255 else np.uint8)
        return {".mask.png": encode(levels[answers], "png")}

    def answers(self, outputs: Array, temperature: float) -> Reals:
        """Return how many pixels of each class were said to be there (n, k), of those that count."""
        return np.asarray(outputs.sum(axis=1), np.float64)

    def truths(self, encoded: Array) -> Array:
        return encoded

    def overlap(self, evaluation: Evaluation) -> Overlap:
        """Return what answers and truths have in common."""
        return Overlap(evaluation.outputs)

    def score(self, evaluation: Evaluation) -> float:
        return self.overlap(evaluation).mean_iou or 0.0

    def headline(self, evaluation: Evaluation) -> Headline:
        found = self.overlap(evaluation)
        return resampled("Mean IoU", found.mean_iou or 0.0, len(evaluation.ids), found.at)

    def measure(self, evaluation: Evaluation) -> JsonObject:
        found = self.overlap(evaluation)
        sums, total = found.counts.sum(axis=0), max(int(found.counts[..., TRUE].sum()), 1)
        low, high = _intervals(found)
        rows: list[JsonObject] = []
        for place, (name, iou) in enumerate(zip(self.names, found.ious.tolist(), strict=True)):
            true, said, both = sums[place].tolist()
            rows.append(
                {
                    "name": name,
                    "iou": _known(iou),
                    "low": _known(low[place]),
                    "high": _known(high[place]),
                    "precision": both / said if said else None,
                    "recall": both / true if true else None,
                    "share": true / total,
                    "support": int((found.counts[:, place, TRUE] > 0).sum()),
                }
            )
        confused = [
            {"truth": self.names[truth], "said": self.names[said], "pixels": pixels, "share": pixels / total}
            for truth, said, pixels in found.confused()[:MOST_CONFUSED]
        ]
        return {
            "mean_iou": found.mean_iou,
            "pixel_accuracy": found.right,
            "pixels": total,
            "per_class": rows,
            "absent": [row["name"] for row in rows if not row["support"]],
            "confused": confused,
        }

    def outcomes(self, evaluation: Evaluation) -> Outcomes:
        found = self.overlap(evaluation)

        def figures(places: Indices) -> list[float | None]:
            ious = ious_of(found.counts[places].sum(axis=0))
            return [mean_of_known(ious), *(_known(iou) for iou in ious)]

        counts = (found.counts[..., TRUE] > 0).sum(axis=0).tolist()
        return jackknifed(evaluation.ids, (ALL, *self.names), figures, (len(evaluation.ids), *counts))

    def bets(self, evaluation: Evaluation, temperature: float) -> None:
        return None

    def mistakes(self, evaluation: Evaluation, temperature: float) -> tuple[Reals, Flags]:
        each = self.overlap(evaluation).each()
        return 1.0 - each, each < 1.0

    def label(self, answers: Reals) -> Label:
        """Return the classes that a picture shows, the largest first, of their pixels (k,) or of `placed` (H, W)."""
        shares = self._shares(answers)
        return [self.names[place] for place in np.argsort(-shares, kind="stable") if shares[place] > 0.0]

    def true_label(self, truth: Array) -> Label:
        return self.label(truth)

    def confidence(self, answers: Reals) -> str:
        return ""

    def heads(self) -> list[str]:
        return [f"share of {name}" for name in self.names]

    def cells(self, answers: Reals, top: int) -> dict[str, str]:
        shares = self._shares(answers).tolist()
        return {head: repr(rounded(share)) for head, share in zip(self.heads(), shares, strict=True)}

    def json(self, answers: Reals, top: int) -> JsonObject:
        shares = self._shares(answers).tolist()
        return {"shares": {name: rounded(share) for name, share in zip(self.names, shares, strict=True)}}

    def tiles(self, metrics: JsonObject) -> list[tuple[str, str]]:
        return [("Pixels right", percent(metrics["pixel_accuracy"])), ("Pixels", f"{metrics['pixels']:,}")]

    def sections(self, evaluation: Evaluation, metrics: JsonObject) -> Iterator[Section]:
        keys = ("name", "iou", "precision", "recall", "share", "support")
        ordered = sorted(metrics["per_class"], key=lambda row: (row["iou"] is None, row["iou"] or 0.0))
        rows = [(*(row[key] for key in keys[:2]), _told(row), *(row[key] for key in keys[2:])) for row in ordered]
        heads = ("class", "IoU", f"{LEVEL:.0%} interval", "precision", "recall", "share of pixels", "pictures with it")
        told = (
            '<p class="soft">The IoU of a class is the area where answer and truth agree over that of both together,'
            " over all pictures; intervals are from drawing as many pictures again and again. Measured in pictures'"
            " own pixels; what is ignored counts nowhere. The weakest class comes first.</p>"
        )
        key = legend(self.names, colours_of(self.outputs, self.background is not None), self.background)
        yield Section("Per class", f"{told}{table(heads, rows)}{dash_note(rows)}{key}")
        confused = [(row["truth"], row["said"], row["share"], row["pixels"]) for row in metrics["confused"]]
        if confused:
            pairs = ("truth", "was taken for", "share of all pixels", "pixels")
            yield Section("Taken for another", table(pairs, confused))

    def _shares(self, answers: Array) -> Reals:
        """Return the part of a picture's pixels that each class has (k,), of their number (k,) or of all (H, W)."""
        is_counted = answers.ndim == 1
        counts = answers if is_counted else np.bincount(answers.ravel(), minlength=IGNORED + 1)[: self.outputs]
        found: Reals = counts / max(int(counts.sum()), 1)
        return found


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _told(row: JsonObject) -> str | None:
    return None if row["low"] is None else f"{100 * row['low']:.0f} to {100 * row['high']:.0f} %"


def _intervals(found: Overlap) -> tuple[Reals, Reals]:
    """Return the ends of the interval of each class's IoU (k,), from drawing pictures again and again; NaN of none."""

    def figure(places: Indices) -> Reals:
        return ious_of(found.counts[places].sum(axis=0))

    made = np.stack([figure(places) for places in drawn_again(len(found.counts))])
    is_known = ~np.isnan(made).all(axis=0)
    ends = np.full((2, made.shape[1]), np.nan)
    ends[:, is_known] = np.nanquantile(made[:, is_known], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return ends[0], ends[1]


TASKS.add(Segment.kind, Segment)
