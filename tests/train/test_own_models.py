"""Networks, losses and callbacks of a program's own, and networks of timm by name."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from augkit.errors import ArgumentError, AugkitError, MissingExtra
from augkit.train import Epoch, TrainConfig, export, own_model, predict, train
from augkit.train.files.artefact import load
from augkit.train.files.weights import load_weights
from augkit.train.models import architecture, timm_models
from augkit.train.models.own_models import OWN, Wrapped
from support import trainings
from support.torchvision_models import timm
from support.trainings import Stopped, settings


class Net(nn.Module):
    """Layers that `augkit` knows nothing of, and draws of its own."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.randn(3, 1, 1))
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.GELU(), nn.AdaptiveAvgPool2d(2))
        self.norm = nn.LayerNorm(32)
        self.first, self.last = nn.Linear(32, 16), nn.Linear(16, outputs)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.last(functional.gelu(self.first(self.norm(self.body(x * self.scale).flatten(1)))))
        return found


def last(features: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.LayerNorm(features), nn.Linear(features, outputs))


class Softened(Net):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).softmax(1)


def narrow(outputs: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.Linear(5, outputs + 1))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trainings.fill(tmp_path_factory.mktemp("own"), each=8)


def wanted(pictures: Path, out: Path, **options: object) -> TrainConfig:
    return settings(pictures, out, **{"model": "auto", "input": (16, 16, 3), "epochs": 2, **options})


def test_an_own_network_and_head_train_resume_predict_and_are_exported(pictures: Path, tmp_path: Path) -> None:
    whole, stopped = (wanted(pictures, tmp_path / name, checkpoint_every=1) for name in ("whole", "stopped"))
    result = train(whole, model=Net, head=last)

    def stop(done: int, total: int, note: str) -> None:
        if "epoch 2" in note:
            raise Stopped

    with pytest.raises(Stopped):
        train(stopped, model=Net, head=last, progress=stop)
    train(stopped, model=Net, head=last)
    ours, theirs = (load(tmp_path / name).network.state_dict() for name in ("whole", "stopped"))
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())
    assert not torch.equal(ours["body.scale"], torch.zeros(3, 1, 1))
    rows = list(predict(result.out, pictures))
    assert len(rows) == 24
    assert all(row.answers is not None for row in rows)
    assert export(result.out, tmp_path / "net.pt2").difference < 1e-4
    OWN.clear()  # as another program begins
    with pytest.raises(
        AugkitError, match=r"must be a network that this program has made known, got 'python:Net'\. Give"
    ):
        load(result.out)
    own_model(Net, (16, 16, 3))
    assert load(result.out).architecture.name == "python:Net"


def test_it_is_taken_apart_where_its_last_layer_begins() -> None:
    made = architecture(own_model(Net, (16, 16, 3)), 4)
    network = made.build(3).eval()
    assert isinstance(network, Wrapped)
    again = made.build(3).eval()
    pictures = torch.rand(2, 3, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(network(pictures), network.head(network.features(pictures)))
        assert torch.equal(network(pictures), again(pictures))  # a function of the seed
        assert not torch.equal(network(pictures), made.build(4).eval()(pictures))


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (Softened, r"^python:Softened: must end in the dense layer"),
        (narrow, r"^python:narrow: must end in nn\.Linear with 3 outputs, got dense layers of 5, 4"),
        (lambda outputs: Net(outputs), r"^model: must be a class or a function with a name"),
        (len, r"must give an nn\.Module|object of type 'int'"),
    ],
)
def test_what_is_no_network_is_told(pictures: Path, tmp_path: Path, model: type[nn.Module], told: str) -> None:
    with pytest.raises((AugkitError, TypeError), match=told):
        train(wanted(pictures, tmp_path / "run"), model=model)


def test_other_code_is_another_run(pictures: Path, tmp_path: Path) -> None:
    def first(outputs: Tensor, truths: Tensor) -> Tensor:
        return functional.cross_entropy(outputs, truths)

    def second(outputs: Tensor, truths: Tensor) -> Tensor:
        return 2.0 * functional.cross_entropy(outputs, truths)

    config = settings(pictures, tmp_path / "run", epochs=1)
    train(config, loss=first)
    with pytest.raises(ArgumentError, match=r"own_loss must be .*first .*, got .*second "):
        train(config, loss=second)
    with pytest.raises(ArgumentError, match="own_loss"):
        train(config)
    with pytest.raises(ArgumentError, match="must not go with a loss of one's own"):
        train(config.replaced(smoothing=0.1), loss=first)


def test_an_own_loss_is_what_is_learnt_by(pictures: Path, tmp_path: Path) -> None:
    """The same as the task's gives the same weights; a constant one moves nothing."""
    config = settings(pictures, tmp_path / "run", epochs=2, optimizer="sgd", weight_decay=0.0)

    def weights(name: str, **given: object) -> dict[str, Tensor]:
        train(config.replaced(out=str(tmp_path / name)), **given)  # type: ignore[arg-type]
        return load(tmp_path / name).network.state_dict()

    usual = weights("usual")
    same = weights("same", loss=functional.cross_entropy)
    still = weights("still", loss=lambda outputs, truths: 0.0 * outputs.sum())
    assert all(torch.equal(value, same[name]) for name, value in usual.items())
    begun = architecture("lenet", 3, trainings.INPUT).build(0).state_dict()
    assert all(torch.equal(value, still[name]) for name, value in begun.items())


def test_callbacks_see_every_epoch_and_end_a_phase(pictures: Path, tmp_path: Path) -> None:
    seen: list[Epoch] = []

    def look(epoch: Epoch) -> object:
        seen.append(epoch)
        assert not epoch.network.training
        return epoch.number == 3

    result = train(settings(pictures, tmp_path / "run", epochs=9), callbacks=[look, lambda epoch: "anything"])
    assert [epoch.number for epoch in seen] == [1, 2, 3]
    rows = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert [epoch.figures for epoch in seen] == rows
    assert result.epochs == 3
    assert seen[result.best_epoch - 1].is_best


def test_a_network_of_timm_is_fed_as_it_was_trained(tmp_path: Path) -> None:
    """And holds what a file of its weights holds, but for the head."""
    made = architecture("timm:resnet10t.c3_in1k", 5)
    theirs = timm.create_model("resnet10t.c3_in1k", num_classes=9)
    fed = theirs.pretrained_cfg
    assert isinstance(fed, dict)
    assert made.preprocessing.input == (*fed["input_size"][1:], fed["input_size"][0])
    assert made.preprocessing.resize == int(fed["input_size"][1] / fed["crop_pct"])
    assert (made.preprocessing.mean, made.preprocessing.interpolation) == (fed["mean"], fed["interpolation"])
    torch.save(theirs.state_dict(), tmp_path / "w.pth")
    network = made.build(0)
    report = load_weights(network, tmp_path / "w.pth", made)
    report.require_whole()
    assert (report.head_was, report.unexpected, report.misshapen) == (9, (), ())
    pictures = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        theirs.eval().set_submodule("fc", nn.Identity())
        wanted = theirs(pictures)
        torch.testing.assert_close(network.eval().features(pictures), wanted)


@pytest.mark.slow
def test_a_network_of_timm_trains_frozen(pictures: Path, tmp_path: Path) -> None:
    torch.save(timm.create_model("resnet10t.c3_in1k").state_dict(), tmp_path / "w.pth")
    given = {"model": "timm:resnet10t.c3_in1k", "weights": str(tmp_path / "w.pth"), "input": (32, 32, 3)}
    result = train(settings(pictures, tmp_path / "run", epochs=2, **given))
    found = load(result.out)
    assert isinstance(found.network, Wrapped)
    assert replace(found).architecture.preprocessing.size == (32, 32)


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("timm:resnet18x", r"must be a model of timm, got 'resnet18x'.*Did you mean"),
        ("timm:", r"must be a model of timm"),
    ],
)
def test_a_name_that_timm_has_not_is_told(model: str, told: str) -> None:
    with pytest.raises(ArgumentError, match=told):
        architecture(model, 3)


def test_a_timm_that_does_not_load_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "timm", None)
    with pytest.raises(MissingExtra, match=r"pip install 'augkit\[timm\]'"):
        timm_models.timm_model("timm:resnet18")


def test_weights_that_would_be_fetched_are_asked_for(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"augkit fetches nothing; get it with torch\.save\(timm\.create_model"):
        train(settings(pictures, tmp_path / "run", model="timm:resnet10t.c3_in1k", weights="pretrained", input=None))
