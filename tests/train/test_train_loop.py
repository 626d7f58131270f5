"""Options of the loop: mixes, balance, added gradients, rates of blocks, precision, early ends and checkpoints."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, strategies as st
from torch.nn import functional

from augkit.errors import ArgumentError
from augkit.train import TrainConfig
from augkit.train.batches.batch_mixing import BatchMixing
from augkit.train.batches.stream import draws_of, pieces_of
from augkit.train.loop.precision import is_half
from augkit.train.loop.schedule import optimizer_for, patience_of
from augkit.train.loop.training_loop import fit
from augkit.train.models import architecture
from augkit.train.trainer import begin, reproducible
from support import trainings
from support.folders import put
from support.tiny_backbone import NAME
from support.trainings import INPUT, Stopped, assert_same_weights, drawn, fitted, has_bfloat16, prepared, settings

STEPS = st.integers(0, 1000)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trainings.fill(tmp_path_factory.mktemp("loop"), each=8)


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty pictures of a class, and eight and six of two others."""
    root = tmp_path_factory.mktemp("uneven")
    for kind, count in (("lines", 20), ("plain", 8), ("spots", 6)):
        for place in range(count):
            put(root / kind / f"{place:03d}.png", drawn(kind, place))
    return root


@given(STEPS, STEPS, st.integers(2, 9), st.sampled_from([0.2, 1.0]), st.booleans(), st.booleans())
def test_a_mixed_batch_has_the_soft_truth_of_its_pixels(
    epoch: int, step: int, count: int, alpha: float, is_mixup: bool, is_cutmix: bool
) -> None:
    """Pictures of one value each: the mean of a mix tells the shares, and its loss is that of these shares."""
    mixing = BatchMixing(alpha * is_mixup, alpha * is_cutmix, seed=3)
    truths = torch.arange(count)
    pictures = truths.view(-1, 1, 1, 1).expand(count, 3, 8, 8).to(torch.float32)
    mixed = mixing(pictures, truths, epoch, step)
    assert torch.equal(mixed.inputs, mixing(pictures, truths, epoch, step).inputs)  # whenever it is asked
    means = mixed.share * truths + (1.0 - mixed.share) * mixed.others
    torch.testing.assert_close(mixed.inputs.mean((1, 2, 3)), means.to(torch.float32))
    if not (is_mixup or is_cutmix):
        assert mixed.inputs is pictures
        return
    assert not (mixed.others == truths).any()  # none with itself
    soft = mixed.share * functional.one_hot(truths, count) + (1 - mixed.share) * functional.one_hot(mixed.others, count)
    outputs = torch.randn(count, count, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        mixed.loss(functional.cross_entropy, outputs), functional.cross_entropy(outputs, soft.to(torch.float32))
    )


def test_features_are_mixed_and_not_cut() -> None:
    features, truths = torch.rand(6, 9), torch.arange(6)
    assert BatchMixing(0.0, 1.0, 0)(features, truths, 0, 0).share == 1.0
    assert 0.0 < BatchMixing(1.0, 0.0, 0)(features, truths, 0, 0).share < 1.0


OPTIONS: list[dict[str, Any]] = [
    {"mixup": 0.4, "cutmix": 1.0, "balance": True, "accumulate": 2, "batch_size": 4, "pipeline": "digits", "ema": 0.9},
    {"mixup": 0.4, "balance": True, "accumulate": 3, "batch_size": 3, "layer_decay": 0.7, "unfreeze": 1, "epochs": 2,
     "model": NAME, "weights": "", "pipeline": "digits", "views": 2, "patience": 1},
    {"precision": "bfloat16", "cutmix": 0.5, "pipeline": "digits"},
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("options", OPTIONS)
def test_stopped_anywhere_the_new_options_end_alike(uneven: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    if options.get("precision") == "bfloat16" and not has_bfloat16():
        options = options | {"precision": "float32"}
    if "weights" in options:
        options = options | {"weights": trainings.weights_file(tmp_path / "w.pt", NAME)}
    whole, stopped = (settings(uneven, tmp_path / name, **options) for name in ("whole", "stopped"))
    wanted = fitted(whole)
    for wait_s, stop in ((0.0, 2), (1e6, 3)):  # with and without a checkpoint after an epoch
        with pytest.raises(Stopped):
            fitted(stopped.replaced(checkpoint_seconds=wait_s, checkpoint_every=0 if wait_s else 1), stop_after=stop)
    state, found = fitted(stopped)
    assert_same_weights(found, wanted[1])
    assert state == wanted[0]


@pytest.mark.parametrize("options", [{}, {"class_weights": {"lines": 5.0, "spots": 0.1}}, {"clip": 0.1}])
def test_added_gradients_are_those_of_the_large_batch(uneven: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    """But for the last bits: a network without BatchNorm, whose classes may weigh unlike each other."""
    shared = {"optimizer": "sgd", "rate": 0.01, "epochs": 2, **options}
    _, large = fitted(settings(uneven, tmp_path / "large", batch_size=12, **shared))
    _, added = fitted(settings(uneven, tmp_path / "added", batch_size=4, accumulate=3, **shared))
    _, small = fitted(settings(uneven, tmp_path / "small", batch_size=4, **shared))
    for name, tensor in large["network"].items():
        torch.testing.assert_close(added["network"][name], tensor, rtol=2e-5, atol=2e-6)
    assert any(not torch.allclose(small["network"][name], value, atol=1e-3) for name, value in large["network"].items())


@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 9))
def test_pieces_are_the_batch(length: int, size: int, count: int) -> None:
    for batch in draws_of(length, size * count, 0, 0):
        pieces = pieces_of(batch, count)
        assert [draw for piece in pieces for draw in piece] == batch
        assert all(1 <= len(piece) <= size for piece in pieces)
        assert len(pieces) == min(count, len(batch))


def test_balance_draws_classes_alike(uneven: Path, tmp_path: Path) -> None:
    """And a picture that is drawn again in an epoch is augmented anew."""
    ready = prepared(settings(uneven, tmp_path, balance=True, pipeline="digits"))
    with reproducible():
        training, _ = begin(ready)
        counts: Counter[int] = Counter()
        seen = []
        for epoch in range(30):
            for pieces in training.pictures(epoch, 0):
                for pictures, truths in pieces:
                    counts.update(truths.tolist())
                    seen += [picture.numpy().tobytes() for picture in pictures]
    total, most = sum(counts.values()), len(ready.truths["train"])
    assert total == 30 * most  # an epoch is as long as ever
    assert all(abs(count / total - 1 / 3) < 0.06 for count in counts.values())
    assert len(set(seen)) > 0.99 * len(seen)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"balance": True, "class_weights": "auto"}, r"^balance: must not go with --class-weights"),
        ({"cutmix": 1.0, "weights": "w.pt"}, r"^cutmix: must go with --unfreeze"),
        ({"layer_decay": 0.5, "weights": "w.pt"}, r"^layer_decay: must go with --unfreeze"),
    ],
)
def test_options_that_mean_nothing_together_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ArgumentError, match=told):
        TrainConfig(data="data", out="run", **options)


def test_options_of_classes_are_none_of_numbers(tmp_path: Path) -> None:
    data = trainings.manifest(tmp_path / "data", lambda kind, place: kind + place / 10)
    for options in ({"balance": True}, {"mixup": 0.2}):
        with pytest.raises(ArgumentError, match=r"must go with classes.*, got numbers"):
            prepared(settings(data, tmp_path / "run", **options))


def test_each_block_before_the_last_learns_at_a_part_of_its_rate() -> None:
    network = architecture("resnet18", 4, INPUT).build()
    names = {id(weight): name for name, weight in network.named_parameters()}
    found: dict[str, float] = {}
    for group in optimizer_for(network, "adamw", 0.1, 0.5, 0.02, layer_decay=0.8).param_groups:
        found |= {names[id(weight)]: group["highest"] for weight in group["params"]}
    assert found.keys() == set(names.values())
    order = ["conv1.weight", "bn1.weight", *(f"layer{group}.{block}.conv1.weight" for group in range(1, 5)
                                             for block in range(2))]  # fmt: skip
    assert [found[name] for name in order] == pytest.approx([0.05 * 0.8**power for power in range(9, -1, -1)])
    assert found["fc.weight"] == 0.1


def test_half_precision_is_refused_where_nothing_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    device = torch.device("cpu")
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    assert not is_half("auto", device)
    assert not is_half("float32", device)
    with pytest.raises(ArgumentError, match=r"^precision: must be one that the cpu has, got bfloat16"):
        is_half("bfloat16", device)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert is_half("bfloat16", device)
    assert not is_half("auto", device)  # there the last bits count


@given(st.integers(0, 500))
def test_patience_is_a_third_of_a_phase_and_ten_at_least(epochs: int) -> None:
    found = patience_of(None, "best", epochs)
    assert max(10, epochs / 3) <= found <= max(10, epochs / 3 + 1) if epochs > 10 else found == 0
    assert patience_of(None, "last", epochs) == 0  # the end of the curve is what is asked for
    assert patience_of(4, "last", epochs) == 4


def test_a_training_that_gets_no_better_ends_by_itself(pictures: Path, tmp_path: Path) -> None:
    state, _ = fitted(settings(pictures, tmp_path / "run", epochs=60, rate=1e-12))
    assert len(state.rows) <= 1 + state.best_epoch + 20 < 60
    assert state.epoch == 60  # a run that is complete
    never, _ = fitted(settings(pictures, tmp_path / "never", epochs=24, rate=1e-12, patience=0))
    assert len(never.rows) == 24


@pytest.mark.parametrize("seconds", [2.0, 7.0, 1e6])
def test_checkpoints_come_by_time(pictures: Path, tmp_path: Path, seconds: float) -> None:
    """Seconds after the last, also within an epoch, and one at the end."""
    ready = prepared(settings(pictures, tmp_path / "run", epochs=5, batch_size=8, checkpoint_seconds=seconds))
    (tmp_path / "run").mkdir()
    passed, saved = 0.0, []
    with reproducible():
        training, _ = begin(ready)
        save, step = training.checkpoints.save, training.optimizer.step

        def takes_a_second() -> None:
            nonlocal passed
            passed += 1.0
            step()

        def noted(content: dict[str, Any]) -> None:
            saved.append(passed)
            save(content)

        training.clock = lambda: passed
        training.optimizer.step = takes_a_second  # type: ignore[assignment, method-assign]
        training.checkpoints.save = noted  # type: ignore[method-assign]
        state = fit(training)
    steps = 5 * training.schedule.steps
    assert training.schedule.steps > 2
    assert passed == saved[-1] == steps
    between = [later - earlier for earlier, later in pairwise([0.0, *saved[:-1]])]
    assert all(gap == seconds for gap in between[:-1]), between
    assert len(saved) >= steps // seconds
    assert training.checkpoints.load() is not None
    assert state.best_epoch >= 0
    training.checkpoints.best_state()


def test_progress_tells_validation_in_its_units(pictures: Path, tmp_path: Path) -> None:
    told: list[str] = []
    ready = prepared(settings(pictures, tmp_path / "run", epochs=3))
    with reproducible():
        (tmp_path / "run").mkdir()
        training, _ = begin(ready, progress=lambda done, total, note: told.append(f"{done} of {total}{note}"))
        state = fit(training)
    row, steps = state.rows[1], training.schedule.steps
    score = f"validation accuracy {100 * row['val_score']:.1f} %, loss {row['val_loss']:.3f}"
    assert told[-1].startswith(f"{3 * steps} of {3 * steps} steps, epoch 3 of 3, loss ")
    assert score in told[-1]
