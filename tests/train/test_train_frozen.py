"""Frozen layers stay frozen to the bit, and their features are computed once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from augkit.errors import ArgumentError
from augkit.train import TrainConfig, train
from augkit.train.batches.stream import Batch, draws_of
from augkit.train.features.extraction import Extraction
from augkit.train.features.features import Features
from augkit.train.loop.training_loop import Pieces
from augkit.train.models import MODELS, architecture
from augkit.train.models.network import head_names, set_mode
from augkit.train.trainer import begin
from support import trainings
from support.folders import put
from support.tiny_backbone import NAME
from support.trainings import INPUT, Stopped, assert_same_weights, drawn, fitted, prepared, settings, weights_file

DEEP = [model for model in MODELS if model not in ("lenet", NAME)]
FROZEN: dict[str, Any] = {"model": NAME, "epochs": 4, "pipeline": "digits", "views": 2}
LARGE = FROZEN | {"model": "resnet18"}  # whose layers are worth several threads


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return trainings.fill(tmp_path / "pictures", each=7)


def met(steps: Iterator[Pieces]) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return all that some steps learn from."""
    return [piece for pieces in steps for piece in pieces]


@pytest.mark.parametrize("model", DEEP)
def test_frozen_layers_act_in_training_as_in_evaluation(model: str) -> None:
    network = architecture(model, 5, (32, 32, 3)).build()
    inputs = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    for module in network.modules():  # statistics unlike the batch's
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(generator=torch.Generator().manual_seed(1))  # type: ignore[union-attr]
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    set_mode(network, is_frozen=True)
    in_training = network.features(inputs)
    assert not in_training.requires_grad
    network.eval()
    assert torch.equal(in_training, network.features(inputs))
    assert_same_weights({"all": before}, {"all": network.state_dict()})
    head = {name for name, weight in network.named_parameters() if weight.requires_grad}
    assert head == head_names(network)


LISTED = """
input: 12x12x3
layers:
  - conv: {filters: 4, kernel: 3}
  - batch_norm
  - relu
  - pool: 2
  - flatten
  - dropout: 0.5
  - dense: 60
  - relu
  - dropout: 0.5
  - dense: classes
"""


def test_dropout_inside_what_is_frozen_drops_nothing(tmp_path: Path) -> None:
    """And that right before the head does; all of it once all is trained."""
    (tmp_path / "listed.yaml").write_text(LISTED)
    network = architecture(tmp_path / "listed.yaml", 5).build()
    inputs = torch.randn(4, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    set_mode(network, is_frozen=True)
    features = network.features(inputs)
    assert torch.equal(features, network.features(inputs))
    assert not torch.equal(network.classify(features), network.classify(features))
    assert_same_weights({"all": before}, {"all": network.state_dict()})
    set_mode(network, is_frozen=False)
    assert not torch.equal(network.features(inputs), network.features(inputs))


def test_what_others_trained_makes_the_same_of_a_picture_in_any_batch() -> None:
    """Once all is trained too; where nothing was frozen before, BatchNorm takes a batch's own statistics."""
    network = architecture("resnet_small", 5, (12, 12, 3)).build()
    inputs = torch.randn(4, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    set_mode(network, is_frozen=False, was_frozen=True)
    assert torch.allclose(network.features(inputs)[:1], network.features(inputs[:1]), atol=1e-5)
    assert all(parameter.requires_grad for parameter in network.parameters())
    set_mode(network, is_frozen=False)
    assert not torch.allclose(network.features(inputs)[:1], network.features(inputs[:1]), atol=1e-2)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["resnet18", "mobilenet_v2"])
def test_a_frozen_backbone_is_the_same_after_training(pictures: Path, tmp_path: Path, model: str) -> None:
    """Every tensor of its state dict but the head's, BatchNorm's buffers included, and the head has moved."""
    weights = weights_file(tmp_path / "w.pt", model)
    wanted = settings(pictures, tmp_path / "run", **FROZEN | {"model": model, "weights": weights, "ema": 0.9})
    start = prepared(wanted).network
    _, found = fitted(wanted)
    head = head_names(start)
    for part in ("network", "average"):
        for name, tensor in start.state_dict().items():
            assert torch.equal(tensor, found[part][name]) == (name not in head), (part, name)


@pytest.mark.slow
def test_after_the_unfreezing_all_weights_learn(pictures: Path, tmp_path: Path) -> None:
    """But not the statistics of BatchNorm: the head was fitted to what they make of a picture."""
    weights = weights_file(tmp_path / "w.pt", NAME)
    wanted = settings(pictures, tmp_path / "run", **FROZEN | {"weights": weights, "epochs": 1, "unfreeze": 1})
    start = prepared(wanted).network.state_dict()
    _, found = fitted(wanted)
    same = {name for name, tensor in start.items() if torch.equal(tensor, found["network"][name])}
    assert same == {name for name in start if name.endswith(("running_mean", "running_var", "num_batches_tracked"))}


@pytest.mark.slow
def test_without_the_cache_the_weights_are_the_same(pictures: Path, tmp_path: Path) -> None:
    options = LARGE | {"weights": weights_file(tmp_path / "w.pt", "resnet18"), "unfreeze": 1}
    state, cached = fitted(settings(pictures, tmp_path / "cached", **options))
    other, computed = fitted(settings(pictures, tmp_path / "computed", **options, cache=False))
    assert_same_weights(cached, computed)
    assert state == other
    assert list((tmp_path / "cached" / "features").glob("*.npy"))
    assert not (tmp_path / "computed" / "features").exists()


def test_an_epoch_on_cached_features_takes_a_fiftieth(tmp_path: Path) -> None:
    """Of what it takes through the backbone, the first of each view left aside."""
    pictures = trainings.fill(tmp_path / "pictures", each=40)
    options = LARGE | {"weights": weights_file(tmp_path / "w.pt", "resnet18"), "views": 1, "batch_size": 64}
    seconds = {}
    for name, cache in (("cached", True), ("computed", False)):
        ready = prepared(settings(pictures, tmp_path / name, **options, cache=cache))
        training, _ = begin(ready)
        ready.network.eval()
        met(training.features(0, 0))
        began = time.process_time()
        if not cache:
            training.features = begin(ready)[0].features
        for inputs, truths in met(training.features(1, 0)):
            training.loss(ready.network.classify(inputs), truths).backward()  # type: ignore[no-untyped-call]
        seconds[name] = time.process_time() - began
    assert seconds["computed"] > 50 * seconds["cached"]


def _key(wanted: Any, view: int = 0) -> set[str]:
    """Return the names of the cache's files for what is learnt from."""
    ready = prepared(wanted)
    training, _ = begin(ready)
    ready.network.eval()
    met(training.features(view, 0))
    return {path.name for path in Path(wanted.out, "features").glob("*.npy")}


@pytest.mark.slow
def test_what_decides_the_features_misses_the_cache(pictures: Path, tmp_path: Path) -> None:
    """Other weights, model, preprocessing, pipeline, seed, view or picture are computed anew; all else is found."""
    weights = {model: weights_file(tmp_path / f"{model}.pt", model) for model in (NAME, "mobilenet_v2")}
    own = settings(pictures, tmp_path / "run", **FROZEN, weights=weights[NAME])
    known = _key(own)
    assert len(known) == 1

    for same in ({"batch_size": 3}, {"rate": 0.1}, {"epochs": 9}, {"workers": 0}, {"smoothing": 0.1}):
        assert _key(own.replaced(**same)) == known, same
    other = weights_file(tmp_path / "other.pt", NAME, seed=6)
    changes: list[dict[str, Any]] = [
        {"weights": other}, {"model": "mobilenet_v2", "weights": weights["mobilenet_v2"]}, {"input": (40, 32, 3)},
        {"pipeline": "identity"}, {"pipeline": None}, {"seed": 1},
    ]  # fmt: skip
    for change in changes:
        fresh = _key(own.replaced(**change)) - known
        assert len(fresh) == 1, change
        known |= fresh
    assert len(_key(own, view=1) - known) == 1
    known |= _key(own, view=1)
    first = prepared(own).surveyed.parts.train.sources[0]
    put(pictures / first.id, drawn("spots", 77))
    assert len(_key(own) - known) == 1


@pytest.mark.slow
def test_runs_that_share_a_cache_compute_what_is_the_same_once(pictures: Path, tmp_path: Path) -> None:
    options = {**FROZEN, "weights": weights_file(tmp_path / "w.pt", NAME), "epochs": 2, "pipeline": "identity"}
    _, alone = fitted(settings(pictures, tmp_path / "alone", **options))
    counts, shared = [], tmp_path / "shared"
    for name, change in (("one", {}), ("two", {"rate": 0.1}), ("three", {"seed": 1}), ("four", {"seed": 1})):
        _, found = fitted(settings(pictures, tmp_path / name, cache=str(shared), **options, **change))
        if not change:
            assert_same_weights(alone, found)
        counts.append(len(list(shared.glob("*.npy"))))
        assert not (tmp_path / name / "features").exists()
    first = counts[0]
    assert counts[1:] == [first, 2 * first - 1, 2 * first - 1]  # pictures that are never augmented have no seed


def test_a_cache_in_the_data_set_is_refused(pictures: Path, tmp_path: Path) -> None:
    wanted = settings(pictures, tmp_path / "run", cache=str(pictures / "cache"), **FROZEN, weights="w.pt")
    with pytest.raises(ArgumentError, match=r"^cache: must lie outside the data set .* Choose another --cache\.$"):
        train(wanted)


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["cut", "flipped", "no seal", "empty"])
def test_a_damaged_cache_is_computed_anew(pictures: Path, tmp_path: Path, damage: str) -> None:
    wanted = settings(pictures, tmp_path / "run", **FROZEN, weights=weights_file(tmp_path / "w.pt", NAME))
    _key(wanted)
    (path,) = (tmp_path / "run" / "features").glob("*.npy")
    whole = path.read_bytes()
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "flipped":
        path.write_bytes(whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:])
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        path.with_suffix(".sha256").unlink()
    _key(wanted)
    assert path.read_bytes() == whole


@pytest.mark.slow
def test_threads_and_batches_change_no_bit(pictures: Path, tmp_path: Path) -> None:
    """Nor do they make a run that was begun another one: of a head alone the threads decide nothing."""
    options = LARGE | {"weights": weights_file(tmp_path / "w.pt", "resnet18"), "epochs": 2}
    found = {}
    for name, change in (("one", {"threads": 1}), ("three", {"threads": 3}), ("worker", {"workers": 1})):
        _, found[name] = fitted(settings(pictures, tmp_path / name, **options | change))
    assert_same_weights(found["one"], found["three"])
    assert_same_weights(found["one"], found["worker"])
    with pytest.raises(Stopped):
        fitted(settings(pictures, tmp_path / "stopped", **options, batch_size=7, threads=1), stop_after=3)
    _, resumed = fitted(settings(pictures, tmp_path / "stopped", **options, batch_size=7, threads=2))
    _, whole = fitted(settings(pictures, tmp_path / "whole", **options, batch_size=7))
    assert_same_weights(resumed, whole)


class Counting(Extraction):
    """Counts the pictures whose features are computed."""

    seen = 0

    def begun(self, pictures: torch.Tensor) -> Callable[[], torch.Tensor]:
        Counting.seen += len(pictures)
        return super().begun(pictures)


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> Callable[[TrainConfig], int]:
    """Return what trains, and says how many pictures' features were computed."""
    monkeypatch.setattr("augkit.train.trainer.Extraction", Counting)

    def count(wanted: TrainConfig) -> int:
        Counting.seen = 0
        train(wanted)
        return Counting.seen

    return count


@pytest.mark.slow
def test_one_more_picture_computes_itself_alone(
    pictures: Path, tmp_path: Path, computed: Callable[[TrainConfig], int]
) -> None:
    """In each of its views, and whoever else shares the folder; the seed of a run counts for what is augmented."""
    options = FROZEN | {"weights": weights_file(tmp_path / "w.pt", "lenet"), "model": "lenet", "epochs": 2}
    options |= {"cache": str(tmp_path / "shared"), "duplicates": "ignore"}
    own = settings(pictures, tmp_path / "first", **options)
    parts = prepared(own).surveyed.parts
    train_count, others = len(parts.train.sources), len(parts.val.sources) + len(parts.test.sources)
    assert computed(own) == 2 * train_count + others
    assert computed(own.replaced(out=str(tmp_path / "again"), rate=0.1, batch_size=5)) == 0
    assert computed(own.replaced(out=str(tmp_path / "seed"), seed=1)) == 2 * train_count
    put(pictures / "spots" / "one_more.png", drawn("spots", 501))
    assert 1 <= computed(own.replaced(out=str(tmp_path / "more"))) <= 2 + 2 * 2  # and who changes the part for it
    plain = own.replaced(out=str(tmp_path / "plain"), pipeline=None)
    assert computed(plain) == len(prepared(plain).truths["train"])
    assert computed(plain.replaced(out=str(tmp_path / "split"), split_seed=5)) == 0


@pytest.mark.slow
def test_a_damaged_pack_costs_its_own_rows(
    pictures: Path, tmp_path: Path, computed: Callable[[TrainConfig], int]
) -> None:
    options = FROZEN | {"weights": weights_file(tmp_path / "w.pt", "lenet"), "model": "lenet", "epochs": 2}
    own = settings(pictures, tmp_path / "run", **options, cache=str(tmp_path / "shared"))
    computed(own)
    packs = sorted((tmp_path / "shared").glob("*.npy"))
    before = [path.read_bytes() for path in packs]
    path = packs[1]
    seal = path.with_suffix(".sha256")
    keys = seal.read_text().splitlines()[1:]
    seal.write_text(seal.read_text().replace(keys[0], keys[0][::-1]))
    assert computed(own.replaced(out=str(tmp_path / "again"))) == len(keys)
    assert [path.read_bytes() for path in packs] == before
    assert sorted((tmp_path / "shared").glob("*.npy")) == packs


def test_features_leave_no_thread(pictures: Path, tmp_path: Path) -> None:
    """A command that fails would wait for it: who tells of a fault holds all that failed."""
    ready = prepared(settings(pictures, tmp_path / "run", **FROZEN, weights=weights_file(tmp_path / "w", NAME)))
    _, evaluators = begin(ready)
    had = threading.active_count()
    evaluators["train"].features.view(0)
    assert threading.active_count() == had


def test_features_that_stop_half_way_leave_nothing(tmp_path: Path) -> None:
    """What is not computed to its end is not taken for what is."""

    class Stream:
        def once(self, draws: object) -> Any:
            yield Batch(torch.zeros(2, 3), torch.tensor([0, 1]))
            raise KeyboardInterrupt

    class Same:
        is_closed = False

        def begun(self, pictures: torch.Tensor) -> Any:
            return lambda: pictures

        def close(self) -> None:
            self.is_closed = True

    same, folder = Same(), tmp_path / "features"
    features = Features(same, Stream(), ["a", "b", "c", "d"], {}, folder, lambda *_: None)  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        features.view(0)
    assert not folder.exists()
    assert same.is_closed


def test_the_views_are_cycled(pictures: Path, tmp_path: Path) -> None:
    """Epochs 0 and 2 of two views see the same features, 0 and 1 others; the order is every epoch's own."""
    ready = prepared(settings(pictures, tmp_path / "run", **FROZEN, weights=weights_file(tmp_path / "w", NAME)))
    training, _ = begin(ready)
    set_mode(ready.network, is_frozen=True)
    length = len(ready.truths["train"])
    seen = []
    for epoch in range(3):
        inputs = torch.cat([features for features, _ in met(training.features(epoch, 0))])
        order = [draw.index for some in draws_of(length, 8, 0, epoch) for draw in some]
        assert sorted(order) == list(range(length))
        seen.append((order, inputs[torch.tensor(order).argsort()]))
    assert torch.equal(seen[0][1], seen[2][1])
    assert not torch.equal(seen[0][1], seen[1][1])
    assert len({tuple(order) for order, _ in seen}) == 3
    assert ready.architecture.preprocessing.input == INPUT
