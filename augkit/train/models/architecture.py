"""Architectures: a model's name or file with the width of its head and the size of its input, as plain data."""

from __future__ import annotations

import json
import math
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import pydantic
import torch

from augkit import yaml_file
from augkit.cached_attribute import cached_attribute
from augkit.core.arrays import Json, JsonObject
from augkit.errors import ArgumentError, closest
from augkit.train.heads import Head
from augkit.train.input_size import Size, parse_input, require_input
from augkit.train.models import own_models, timm_models
from augkit.train.models.ensemble_network import ENSEMBLE, MEANS, MOST_MEMBERS, Ensemble
from augkit.train.models.layers import MOST, told
from augkit.train.models.model import MODELS, Model
from augkit.train.models.network import Backbone, Network, initialise, roomy
from augkit.train.models.own_heads import on_maps, put_head
from augkit.train.models.own_models import OWN, drawn, require_apart
from augkit.train.models.preprocessing import Preprocessing, plain_input
from augkit.train.models.pyramid_network import PyramidNetwork
from augkit.train.models.stack import Place, Stack, plan
from augkit.train.models.timm_models import timm_model

YAML_SUFFIXES = (".yaml", ".yml")
MOST_PARAMETERS = 250_000_000  # 1 GB
DEFAULT_INPUT = (32, 32, 3)  # of a network without weights of others


@dataclass(frozen=True)
class Architecture:
    """A network without its weights."""

    name: str  # a name of `MODELS`, or that of the file that listed its layers
    outputs: int  # the width of its head
    preprocessing: Preprocessing  # what becomes of pictures before they go in
    # ``layers`` for a network that is a list of them, ``head`` for one with another head than its own: on maps, a name
    # of `HEADS`, or a program's own.
    arguments: JsonObject = field(default_factory=dict)

    @classmethod
    def read(cls, data: object) -> Architecture:
        """Return the architecture that `described` described.

        Raises:
            ArgumentError: it is not one, or cannot be built.
        """
        try:
            found = _ADAPTER.validate_python(data)
        except pydantic.ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(["architecture", *map(str, fault["loc"])])
            raise ArgumentError(f"{fault['msg']}, got {fault['input']!r:.60}.", where) from None
        _check_outputs(found.outputs)
        found.on_meta()
        return found

    def described(self) -> JsonObject:
        """Return plain data that JSON holds and `read` reads."""
        plain = asdict(self) | {"preprocessing": self.preprocessing.described()}
        read_back: JsonObject = json.loads(json.dumps(plain))
        return read_back

    def build(self, seed: int = 0) -> Network:
        """Return the network, its weights drawn from `seed`, in training mode."""
        own, backbone = _own(self.name), self.backbone
        if backbone is not None and self.on_maps is None:
            return put_head(backbone.build(seed), self._head, self.outputs, seed)
        if own is not None:
            network = drawn(own, self.outputs, seed)
            require_apart(network, self.preprocessing.input, self.name)
            return network
        network = roomy(self.on_meta())
        initialise(network, seed)
        if isinstance(network, PyramidNetwork):
            network.begin()
        return network

    @property
    def backbone(self) -> Architecture | None:
        """The same network with its own head, of one output; None of one that has no other."""
        if "head" not in self.arguments:
            return None
        rest = {name: value for name, value in self.arguments.items() if name != "head"}
        return replace(self, outputs=1, arguments=rest)

    @property
    def on_maps(self) -> type[Head] | None:
        """The head on its maps, of one that says something of every place."""
        return on_maps(self._head) if "head" in self.arguments else None

    @property
    def frozen(self) -> Architecture:
        """What says all of the features of a picture, whatever becomes of them."""
        return self if self.backbone is None or self.on_maps is not None else self.backbone

    def on_meta(self) -> Network:
        """Return the network without numbers: its shapes only, in no time; a program's own has numbers all the same."""
        own, backbone = _own(self.name), self.backbone
        if backbone is not None and self.on_maps is None:
            return put_head(backbone.on_meta(), self._head, self.outputs, 0)
        if own is not None:
            return drawn(own, self.outputs, 0)
        with torch.device("meta"):
            if backbone is not None:
                network: Network = self._pyramid(backbone.on_meta())
            elif "layers" in self.arguments:
                place = _place(f"{self.name} layers")
                planned = plan(self.arguments["layers"], self.preprocessing.input, self.outputs, place)
                network = Stack(planned)
            elif self.name == ENSEMBLE:
                network = self._ensemble()
            else:
                build = MODELS.find(self.name, "architecture.name").build
                if build is None:
                    raise ArgumentError("must be given its layers.", "architecture.arguments")
                network = build(self.outputs)
        count = sum(parameter.numel() for parameter in network.parameters())
        if count > MOST_PARAMETERS:
            rule = f"must have at most {MOST_PARAMETERS:,} parameters"
            raise ArgumentError(f"{rule}, got {count:,}. Use smaller layers or a smaller input.", self.name)
        return network

    def _pyramid(self, backbone: Network) -> PyramidNetwork:
        if not isinstance(backbone, Backbone):
            names = ", ".join(name for name, model in MODELS.items() if model.layers is None)
            raise ArgumentError(f"must be a model with maps at several strides: {names}.", self.name)
        head = self.on_maps
        assert head is not None
        return PyramidNetwork(backbone, self.preprocessing.input, head, self.outputs)

    @property
    def _head(self) -> str:
        return str(self.arguments["head"])

    def _ensemble(self) -> Network:
        """Return the networks that the arguments describe, as one; none of them is an ensemble itself."""
        try:
            members = [Architecture.read(data) for data in self.arguments["members"]]
            heads, kind = int(self.arguments["heads"]), str(self.arguments["kind"])
            is_sound = 1 <= len(members) + heads <= MOST_MEMBERS and heads >= 0 and kind in MEANS and len(members) > 0
        except (KeyError, TypeError, ValueError):
            members, heads, kind, is_sound = [], 0, "", False
        is_sound = is_sound and all(member.name != ENSEMBLE and member.outputs == self.outputs for member in members)
        if not is_sound:
            raise ArgumentError("must be networks of one width, got something else.", "architecture.arguments")
        networks = [member.on_meta() for member in members]
        return Ensemble(networks, [deepcopy(networks[0].head_module) for _ in range(heads)], kind)

    @cached_attribute
    def widest(self) -> int:
        """How many numbers of one picture there are at most, going into a layer or coming out of one."""
        is_own = _own(self.name) is not None or self.frozen is not self
        network, counts = (self.build() if is_own else self.on_meta()).eval(), [math.prod(self.preprocessing.input)]
        for module in network.modules():
            if not any(module.children()):
                module.register_forward_hook(lambda _module, _given, made: counts.append(made.numel()))
        height, width, channels = self.preprocessing.input
        device = "cpu" if is_own else "meta"
        with torch.no_grad():
            network(torch.zeros(1, channels, height, width, device=device))
        return max(counts)


def _own(name: str) -> Model | None:
    """Return the model of a program's own or of timm's by its name, or None where it is neither.

    Raises:
        ArgumentError: nobody gave it in this process.
        MissingExtra: it is of timm, which is not installed.
    """
    if name.startswith(timm_models.PREFIX):
        return timm_model(name)
    if name.startswith(own_models.PREFIX) and name not in OWN:
        advice = f"Give the class again: augkit.train.own_model({name.removeprefix(own_models.PREFIX)})."
        raise ArgumentError(f"must be a network that this program has made known, got {name!r:.60}. {advice}", "model")
    return OWN.get(name)


_ADAPTER = pydantic.TypeAdapter(Architecture)


def architecture(model: str | Path, outputs: int, input: Size | None = None, head: str | None = None) -> Architecture:
    """Find a model.

    Args:
        model: a name of `MODELS`, or a YAML file that lists layers.
        outputs: the width of the head: how many classes, labels or numbers.
        input: height and width in pixels, and channels; None for the model's own.
        head: a name of `HEADS`, for a network that says something of every place; it sees whole pictures. Or the name
            of a program's own.

    Raises:
        ArgumentError: there is no such model, or it cannot have that input, or no such head.
        FileError: the file cannot be read.
    """
    found = _architecture(model, outputs, input)
    if head is None:
        return found
    headed = replace(found, arguments={**found.arguments, "head": head})
    if headed.on_maps is not None:
        headed = replace(headed, preprocessing=replace(found.preprocessing, resize=None))
    headed.on_meta()
    return headed


def _architecture(model: str | Path, outputs: int, input: Size | None) -> Architecture:
    _check_outputs(outputs)
    if input is not None:
        require_input(input, "input")
    name = str(model)
    outside = _own(name)
    if outside is not None or name in MODELS:
        known = outside or MODELS[name]
        if known.layers is None:
            return Architecture(name, outputs, _fed(name, known.preprocessing, input))
        layers, own, place = known.layers, known.preprocessing.input, _place(f"{name} layers")
    else:
        path = Path(model)
        if path.suffix not in YAML_SUFFIXES and path.name == name:
            hint = closest(name, MODELS)
            advice = f"There are {', '.join(MODELS)}; or give a file."
            raise ArgumentError(f"no model is called {name!r:.60}.{hint} {advice}")
        name, layers, own, place = _listed(path)
    preprocessing = plain_input(input or own)
    plan(layers, preprocessing.input, outputs, place)
    found = Architecture(name, outputs, preprocessing, {"layers": layers})
    found.on_meta()
    return found


def _check_outputs(outputs: object) -> None:
    if type(outputs) is not int or not 1 <= outputs <= MOST:
        raise ArgumentError(f"must be a whole number from 1 to {MOST}, got {outputs!r:.60}.", "outputs")


def _fed(model: str, own: Preprocessing, input: Size | None) -> Preprocessing:
    """Return what others fed a network, for the wanted size: as much of the picture is cropped away."""
    if input is None or input == own.input:
        return own
    height, width, channels = input
    if channels != own.channels:
        advice = "Its preprocessing makes three channels of grey pictures."
        raise ArgumentError(f"must have {own.channels} channels for {model}, got {told(input)}. {advice}", "input")
    resize = None if own.resize is None else round(own.resize / own.size[0] * max(height, width))
    return replace(own, size=(height, width), resize=resize)


def _listed(path: Path) -> tuple[str, Json, Size, Place]:
    """Read a model file: its name, its layers, the input it says or the usual one, and where its parts stand."""
    document = yaml_file.read(path)
    data = document.data
    if not isinstance(data, dict):
        raise ArgumentError(f"must be a mapping with the key layers, got {data!r:.60}.", document.where())
    for key in data:
        if key not in ("layers", "input"):
            raise ArgumentError(f"has no key {key!r}.{closest(key, ('layers', 'input'))}", document.where((key,)))
    own = DEFAULT_INPUT
    if "input" in data:
        own = parse_input(str(data["input"]), document.where(("input",)))
    return path.stem, data.get("layers"), own, lambda part: document.where(("layers", *part))


def _place(name: str) -> Place:
    return lambda part: name + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in part)
