"""Other people's models from the same weights: the same outputs, and the same gradients while training."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from augkit.train.files.weights import load_weights
from augkit.train.models import Network, architecture
from augkit.train.models.modules import Dropping
from support.torchvision_models import timm, torchvision

TOLERANCE = 1e-5


def pictures(count: int, side: int) -> Tensor:
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(0))


def shaken(network: nn.Module) -> nn.Module:
    """Return a network with statistics and scales that are not as at first, as a trained one has."""
    generator = torch.Generator().manual_seed(1)
    for name, value in network.state_dict().items():
        if name.endswith(("running_mean", "running_var")) or (value.ndim == 1 and value.is_floating_point()):
            value.add_(torch.rand(value.shape, generator=generator) * 0.2)
    return network


def assert_same_outputs(ours: nn.Module, theirs: nn.Module, x: Tensor) -> None:
    with torch.no_grad():
        expected = theirs.eval()(x)
        difference = (ours.eval()(x) - expected).abs().max()
    assert expected.std() > 0.01
    assert difference <= TOLERANCE * expected.abs().max()


def assert_same_training(ours: nn.Module, theirs: nn.Module, x: Tensor) -> None:
    gradients = []
    for network in (ours.train(), theirs.train()):
        for module in network.modules():
            if isinstance(module, nn.Dropout | Dropping):
                module.p = 0.0
        network(x).logsumexp(1).sum().backward()
        gradients.append({name: value.grad for name, value in network.named_parameters()})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], rtol=1e-4, atol=1e-5)
    buffers = dict(theirs.named_buffers())
    for name, value in ours.named_buffers():
        torch.testing.assert_close(value, buffers[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet18", "resnet50", "mobilenet_v2"])
def test_torchvisions(name: str) -> None:
    ours = shaken(architecture(name, 1000).build())
    theirs = getattr(torchvision.models, name)(num_classes=1000)
    assert list(theirs.state_dict()) == list(ours.state_dict())
    theirs.load_state_dict(ours.state_dict())
    assert_same_outputs(ours, theirs, pictures(2, 96))
    assert_same_training(ours, theirs, pictures(3, 64))


def packages(index: int) -> Any:
    from efficientnet_lite_pytorch import EfficientNet

    return EfficientNet.from_name(f"efficientnet-lite{index}", drop_connect_rate=0.0)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_the_packages_efficientnet_lite(index: int) -> None:
    found = architecture(f"efficientnet_lite{index}", 1000)
    ours, theirs = shaken(found.build()), packages(index)
    theirs.load_state_dict(ours.state_dict())  # all keys match
    assert_same_outputs(ours, theirs, pictures(1, found.preprocessing.size[0]))  # theirs pads for this size only
    if index == 0:
        assert_same_training(ours, theirs, pictures(2, 224))


def test_the_packages_weights() -> None:
    found = architecture("efficientnet_lite0", 1000)
    ours: Network = found.build()
    report = load_weights(ours, "pretrained", found)
    assert (set(report.loaded), report.missing, report.unexpected) == (set(ours.state_dict()), (), ())
    theirs = packages(0)
    theirs.load_state_dict(ours.state_dict())
    assert_same_outputs(ours, theirs, pictures(2, 224))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("resnet18", "resnet18"),
        ("mobilenet_v2", "mobilenetv2_100"),
        ("efficientnet_lite0", "tf_efficientnet_lite0"),
        ("efficientnet_lite2", "tf_efficientnet_lite2"),
    ],
)
def test_timms_files(ours: str, theirs: str, tmp_path: Any) -> None:
    judge = shaken(timm.create_model(theirs))
    torch.save(judge.state_dict(), tmp_path / "weights.pth")
    found = architecture(ours, 1000)
    network = found.build()
    report = load_weights(network, tmp_path / "weights.pth", found)
    assert (report.missing, report.unexpected, report.misshapen, report.head_was) == ((), (), (), None)
    assert_same_outputs(network, judge, pictures(1, found.preprocessing.size[0]))
