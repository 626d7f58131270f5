"""Networks of timm by their names, ``timm:resnet10t.c3_in1k``, for which timm is to be installed.

Weights come as files, as of any model: augkit fetches nothing.
"""

from functools import partial
from typing import Literal

from torch import nn

from augkit.errors import ArgumentError, MissingExtra, closest
from augkit.train.models.model import Model
from augkit.train.models.own_models import wrapped
from augkit.train.models.preprocessing import Preprocessing

PREFIX = "timm:"


def timm_model(name: str) -> Model:
    """Return the model of a name that begins with ``timm:``, which is fed as its weights were trained.

    Raises:
        MissingExtra: timm is not installed, or does not load.
        ArgumentError: it has no such model, or one that does not end in a dense layer.
    """
    try:
        import timm
    except Exception:  # torchvision, which it needs, may be built for another machine
        what = f"must be installed and load for {name}. Run: pip install 'augkit[timm]'"
        raise MissingExtra(what, "timm") from None
    own = name.removeprefix(PREFIX)
    architecture = own.partition(".")[0]
    known = timm.list_models()
    if architecture not in known:
        raise ArgumentError(f"must be a model of timm, got {own!r:.60}.{closest(architecture, known)}", "model")
    config = timm.get_pretrained_cfg(own, allow_unregistered=False) or timm.get_pretrained_cfg(architecture)
    if config is None:
        raise ArgumentError(f"must be a model with weights that timm tells the input of, got {own!r:.60}.", "model")
    channels, height, width = config.input_size
    filter: Literal["bilinear", "bicubic"] = "bilinear" if config.interpolation == "bilinear" else "bicubic"
    resize = int(max(height, width) / (config.crop_pct or 1.0))
    preprocessing = Preprocessing((height, width), channels, tuple(config.mean), tuple(config.std), resize, filter)
    return Model(preprocessing, partial(wrapped, partial(_created, own), name=name))


def _created(own: str, outputs: int) -> nn.Module:
    import timm

    module = timm.create_model(own, pretrained=False, num_classes=outputs)
    assert isinstance(module, nn.Module)
    return module
