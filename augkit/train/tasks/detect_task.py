"""Boxes of objects, of which a picture has any number."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self, final

import numpy as np
import torch
from torch import Tensor

from augkit.core.arrays import Array, Flags, Image, Indices, JsonObject, Label, Reals
from augkit.core.spatial import Size
from augkit.datasets import DataSet, Source
from augkit.datasets.coco.coco_categories import category_ids
from augkit.errors import SampleError, closest
from augkit.images.network_input import Placement
from augkit.targets.boxes import Boxes
from augkit.targets.sample import Sample
from augkit.train.comparison.outcomes import ALL, Outcomes, jackknifed, of_pictures
from augkit.train.models.preprocessing import Fit
from augkit.train.report import figures
from augkit.train.report.box_overlay import with_boxes
from augkit.train.report.report_page import Drawn, Section, dash_note, percent, table
from augkit.train.tasks.average_precision import RECALLS, Matches, curve, match, precisions
from augkit.train.tasks.box_loss import detection_loss
from augkit.train.tasks.dense import Dense
from augkit.train.tasks.detections import COLUMNS, MOST, detections, scores_of
from augkit.train.tasks.headline import Headline, mean_of, resampled
from augkit.train.tasks.mask_facts import MaskFacts
from augkit.train.tasks.task import TASKS, Evaluation, Loss, rounded

SHOWN = 0.4  # score from which an answer is shown to people
MOST_DRAWN = 9  # classes with a curve
_UNKNOWN = ("difficult", "ignore")  # attributes of objects that are neither to be found nor not


@final
@dataclass(frozen=True)
class Detect(Dense):
    """Boxes of several classes. Targets are rows (M, 6) of class, left, top, right, bottom, and 1 for what is ignored.

    Ignored are crowds, and objects with an attribute ``difficult`` or ``ignore``. Rows of class -1 say nothing. Answers
    are rows (100, 6) of class, left, top, right, bottom, score.
    """

    numbers: tuple[int | str, ...] = ()  # of the classes in COCO's file that was learnt from; none where it was no COCO

    kind: ClassVar[str] = "detect"
    head: ClassVar[str] = "fcos"
    batch_size: ClassVar[int] = 8
    passes: ClassVar[int] = 6000
    is_uneven: ClassVar[bool] = False
    fit: ClassVar[Fit] = "pad"
    target_kind: ClassVar[str] = Boxes.kind
    others: ClassVar[tuple[str, ...]] = ()
    labels_are: ClassVar[str] = "boxes"
    options: ClassVar[frozenset[str]] = frozenset()
    score_name: ClassVar[str] = "average precision (IoU 0.5 to 0.95)"
    score_is_share: ClassVar[bool] = True
    output: ClassVar[str] = "boxes"
    meaning: ClassVar[str] = (
        "for each place left, top, right, bottom in pixels of the input, then a score of each class; leave out boxes "
        "that overlap a surer one"
    )
    pictures: ClassVar[tuple[str, ...]] = ("precision_recall.png",)
    bets_are: ClassVar[str] = ""
    is_less_better: ClassVar[bool] = False
    mistakes_are: ClassVar[str] = "Pictures with missed objects and false alarms, most first"

    @classmethod
    def of_sources(cls, data: DataSet, sources: Sequence[Source], numbers: Collection[int]) -> Self:
        held = {name for source in sources for name in source.box_labels}
        if not held:
            what = f"must hold a box to be learnt, got none in {len(sources):,}"
            raise SampleError(f"{what}. Add pictures with objects, or give another --task.", "pictures")
        known = [name for name in data.classes if name in held]
        names = (*known, *sorted(held - set(known)))
        return cls(names, category_ids(data.about, names))

    @property
    def outside(self) -> int:
        return 0

    def told(self, masks: Mapping[str, Sequence[MaskFacts | None]]) -> Iterator[str]:
        return iter(())

    def target(self, sample: Sample, size: Size) -> Tensor:
        boxes = sample.targets.get(Boxes.name)
        if not isinstance(boxes, Boxes) or not len(boxes):
            return torch.zeros(0, COLUMNS)
        rows = np.zeros((len(boxes), COLUMNS))
        rows[:, 0] = [self._place_of(name, sample.id) for name in boxes.names()]
        rows[:, 1:5] = boxes.boxes.clip(0.0, (size[1], size[0]) * 2)
        rows[:, 5] = np.array(boxes.crowds if boxes.crowds is not None else [False] * len(boxes), bool)
        for row, facts in zip(rows, boxes.box_attributes or (), strict=False):
            row[5] = row[5] or any(facts.get(name) not in (None, False, 0, "0") for name in _UNKNOWN)
        is_there = (rows[:, 1:3] < rows[:, 3:5]).all(1)
        return torch.from_numpy(rows[is_there].astype(np.float32))

    def _place_of(self, name: str, id: str) -> int:
        if name not in self.names:
            what = f"must be of a class that a training picture has, got {name!r}.{closest(name, self.names)}"
            raise SampleError(what, f"{id} boxes")
        return self.names.index(name)

    def joined(self, targets: Sequence[Tensor]) -> Tensor:
        targets = [target[target[:, 0] >= 0] for target in targets]
        made = torch.zeros(len(targets), max((len(target) for target in targets), default=0), COLUMNS)
        made[:, :, 0] = -1.0
        for row, target in zip(made, targets, strict=True):
            row[: len(target)] = target
        return made

    def loss(self, weights: Tensor | None = None, smoothing: float = 0.0, is_robust: bool = False) -> Loss:
        return detection_loss

    def balanced(self, truths: Tensor) -> Tensor:
        return torch.ones(self.outputs)

    def constant(self, truths: Tensor) -> None:
        return None

    def kept(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return torch.stack([detections(output) for output in outputs]), targets

    def judged(
        self, output: Tensor, target: Tensor, fit: Placement, size: Size, original: Callable[[], Sample]
    ) -> tuple[Tensor, Tensor]:
        found = torch.zeros(MOST, COLUMNS)
        found[:, 0] = -1.0
        rows = self.placed(output.cpu(), fit, size)
        found[: len(rows)] = torch.from_numpy(rows)
        return found, self.target(original(), size)

    def always(self, answer: Array, targets: Array) -> Array:
        return np.repeat(answer[None], len(targets), axis=0)

    def mass(self, targets: Tensor, weights: Tensor | None) -> float:
        return float(len(targets))

    def placed(self, output: Tensor, fit: Placement, size: Size) -> Array:
        """Return rows (m, 6) of class, left, top, right, bottom in pixels of the picture, and score."""
        found = detections(output).double().numpy()
        found = found[found[:, 0] >= 0]
        found[:, 1:5] = (found[:, 1:5] - (fit.left, fit.top) * 2) / ((fit.scale_x, fit.scale_y) * 2)
        found[:, 1:5] = found[:, 1:5].clip(0.0, (size[1], size[0]) * 2)
        return found[(found[:, 1:3] < found[:, 3:5]).all(1)]

    def overlay(self, picture: Image, output: Tensor, target: Tensor) -> Image:
        found = detections(output)
        return with_boxes(picture, self.names, target.cpu().numpy(), found[found[:, 5] >= SHOWN].numpy())

    def deployed(self, outputs: Tensor, size: Size) -> Tensor:
        """Return (B, K, 4 + C): left, top, right and bottom in pixels of the input, and the score of each class."""
        return torch.cat([outputs[..., :4], scores_of(outputs)], -1)

    def answers(self, outputs: Array, temperature: float) -> Reals:
        return np.asarray(outputs, np.float64)

    def truths(self, encoded: Array) -> Array:
        return encoded

    def score(self, evaluation: Evaluation) -> float:
        """Return the mean over the classes of the average precision at overlaps from 0.5 to 0.95."""
        return _mean(self._matched(evaluation), every=True) or 0.0

    def headline(self, evaluation: Evaluation) -> Headline:
        """Return the mean over the classes of the average precision at an overlap of 0.5."""
        found = self._matched(evaluation)
        count = len(evaluation.ids)

        def figure(places: Indices) -> float | None:
            return _mean([[one[place] for place in places] for one in found])

        return resampled("Average precision (IoU 0.5)", _mean(found) or 0.0, count, figure)

    def measure(self, evaluation: Evaluation) -> JsonObject:
        rows = list[JsonObject]()
        for name, found in zip(self.names, self._matched(evaluation), strict=True):
            known = precisions(found)
            row: JsonObject = {
                "name": name,
                "ap50": _first(known),
                "ap": None if known is None else float(known.mean()),
            }
            right, said, truths = map(sum, zip(*map(_shown, found), strict=True))
            row |= {"precision": right / said if said else None, "recall": right / truths if truths else None}
            rows.append(row | {"support": truths, "counted": "objects"})
        return {
            "ap50": mean_of([row["ap50"] for row in rows]),
            "ap": mean_of([row["ap"] for row in rows]),
            "per_class": rows,
            "absent": [row["name"] for row in rows if not row["support"]],
        }

    def _matched(self, evaluation: Evaluation) -> list[list[Matches]]:
        """Return what became of the answers, by class and picture."""
        found: list[list[Matches]] = [[] for _ in self.names]
        for said, rows in zip(evaluation.outputs, evaluation.encoded, strict=True):
            for place, matches in enumerate(found):
                mine, own = said[said[:, 0] == place], rows[rows[:, 0] == place]
                matches.append(match(mine[:, 1:5], mine[:, 5], own[:, 1:5], own[:, 5] > 0))
        return found

    def outcomes(self, evaluation: Evaluation) -> Outcomes:
        """Return the average precision at an overlap of 0.5, the mean over the classes and that of each."""
        found = self._matched(evaluation)
        holding = [sum(one.truths > 0 for one in matches) for matches in found]

        def figures(places: Indices) -> list[float | None]:
            each = [_first(precisions([matches[place] for place in places])) for matches in found]
            return [mean_of(each), *each]

        count = len(evaluation.ids)
        if count < 2:
            values = zip((ALL, *self.names), figures(np.arange(count)), strict=True)
            return of_pictures(evaluation.ids, {name: np.array([one]) for name, one in values if one is not None})
        return jackknifed(evaluation.ids, (ALL, *self.names), figures, (count, *holding))

    def bets(self, evaluation: Evaluation, temperature: float) -> None:
        return None

    def mistakes(self, evaluation: Evaluation, temperature: float) -> tuple[Reals, Flags]:
        """Return how many objects of each picture are missed, and how many answers that are shown are none."""
        badness = np.zeros(len(evaluation.ids))
        for matches in self._matched(evaluation):
            for place, one in enumerate(matches):
                is_shown = one.scores >= SHOWN
                right, wrong = one.is_right[0] & is_shown, ~one.is_right[0] & ~one.is_ignored[0] & is_shown
                badness[place] += one.truths - right.sum() + wrong.sum()
        return badness, badness > 0

    def label(self, answers: Reals) -> Label:
        return self._counted(answers[answers[:, 5] >= SHOWN])

    def true_label(self, truth: Array) -> Label:
        return self._counted(truth[truth[:, 5] == 0])

    def _counted(self, rows: Array) -> str:
        counts = Counter(int(row[0]) for row in rows if row[0] >= 0)
        return (
            ", ".join(f"{counts[place]} {name}" for place, name in enumerate(self.names) if place in counts) or "none"
        )

    def confidence(self, answers: Reals) -> str:
        return ""

    def drawn(self, picture: Image, answers: Array) -> Image:
        return with_boxes(picture, self.names, np.zeros((0, COLUMNS)), answers[answers[:, 5] >= SHOWN])

    def files(self, answers: Array) -> dict[str, bytes]:
        return {}

    def heads(self) -> list[str]:
        return list(self.cells(np.zeros((0, COLUMNS)), 0))

    def cells(self, answers: Reals, top: int) -> dict[str, str]:
        found = self._objects(answers)
        return {"objects": str(len(found)), "boxes": json.dumps(found)}

    def json(self, answers: Reals, top: int) -> JsonObject:
        return {"objects": self._objects(answers)}

    def _objects(self, answers: Reals) -> list[JsonObject]:
        rows = answers.reshape(-1, COLUMNS)
        return [
            {"label": self.names[int(row[0])], "score": rounded(row[5]), "box": [rounded(side) for side in row[1:5]]}
            for row in rows
            if row[0] >= 0
        ]

    def tiles(self, metrics: JsonObject) -> list[tuple[str, str]]:
        objects = sum(row["support"] for row in metrics["per_class"])
        return [("Average precision (IoU 0.5 to 0.95)", percent(metrics["ap"])), ("Objects", f"{objects:,}")]

    def sections(self, evaluation: Evaluation, metrics: JsonObject) -> Iterator[Section]:
        columns = ("name", "ap50", "ap", "precision", "recall", "support")
        rows = [tuple(row[name] for name in columns) for row in metrics["per_class"]]
        rows.sort(key=lambda row: (row[1] is None, row[1] or 0.0))
        heads = ("class", "AP, IoU 0.5", "AP, IoU 0.5 to 0.95", "precision", "recall", "objects")
        told = (
            f"Average precision (AP) is over all scores; precision and recall are of answers of {100 * SHOWN:.0f} % and"
            " more, at an intersection over union (IoU) of 0.5. Boxes in the pictures below: white is true, grey is"
            " ignored, orange was said."
        )
        yield Section("Per class", f"{table(heads, rows)}{dash_note(rows)}<p>{told}</p>")
        curves = {name: curve(found) for name, found in zip(self.names, self._matched(evaluation), strict=True)}
        known = {name: curves[name] for name, *_ in rows if curves[name] is not None}
        if known:
            names, values = list(known), [value for value in known.values() if value is not None]
            figure = Drawn(self.pictures[0], figures.precision_recall(RECALLS, values, names))
            few = f" The {MOST_DRAWN} weakest classes." * (len(names) > MOST_DRAWN)
            body = f"{figure.html('Precision of each class over its recall.')}<p>At an IoU of 0.5.{few}</p>"
            yield Section("Precision and recall", body, figure)


def _mean(found: Sequence[Sequence[Matches]], every: bool = False) -> float | None:
    """Return the mean over the classes, at an overlap of 0.5 or at all of them; None where there is no object."""
    known = [values for one in found if (values := precisions(one)) is not None]
    return mean_of([float(values.mean() if every else values[0]) for values in known])


def _shown(found: Matches) -> tuple[int, int, int]:
    """Return how many of the answers that are shown are right at an overlap of 0.5, how many count, and of how many."""
    is_shown = found.scores >= SHOWN
    said = is_shown & ~found.is_ignored[0]
    return int((found.is_right[0] & is_shown).sum()), int(said.sum()), found.truths


def _first(values: Reals | None) -> float | None:
    return None if values is None else float(values[0])


TASKS.add(Detect.kind, Detect)
