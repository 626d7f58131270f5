"""Division of a data set into parts that share no picture, and what has to be said of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from augkit.datasets import DataSet, read
from augkit.datasets.splits import LAW
from augkit.errors import FileError
from augkit.train.parts import duplicates
from augkit.train.parts.duplicates import FILE, OPTIONS, Alike, Kind, counted, crossing, told
from augkit.train.parts.parts import ROLES, Part, divide, told_groups
from augkit.train.parts.sound_pictures import features_folder, known_sound
from augkit.train.parts.survey import Known, Survey, survey
from augkit.train.parts.unbooked_copies import require_booked
from augkit.train.train_config import TrainConfig

LEFT_OUT: dict[Kind, str] = {
    "same": "hold the same bytes as pictures of another part",
    "near": "look nearly the same as pictures of another part",
}


def data_of(config: TrainConfig) -> DataSet:
    """Return the data set of a training, with the columns that it asks for."""
    columns = [name for name in (config.label, config.groups) if name is not None]
    urls, links = config.allow_urls, config.allow_links
    return read(config.data, ignore=config.ignore, columns=columns, allow_urls=urls, allow_links=links)


def separate(
    data: DataSet,
    config: TrainConfig,
    tell: Callable[[str], None],
    progress: Callable[[int, int, str], None],
    law: int = LAW,
    is_dense: bool = False,
    known: Known | None = None,
) -> tuple[Survey, list[Alike]]:
    """Divide a data set and read all its pictures; no picture, nor its double, has two roles, or it is told.

    Args:
        data: all pictures.
        config: whose `duplicates` and `near_duplicates` say what becomes of those that are alike.
        tell: is given sentences that a user should read.
        progress: how many pictures were read, of how many.
        law: of `augkit.datasets.splits`.
        is_dense: whether what pictures carry is learnt.
        known: what was found of pictures before; what is found is added.

    Returns:
        What was found of the pictures, and those that are alike.

    Raises:
        FileError: pictures that are the same have two roles, or two labels; or as `divide` and `survey` raise it.
        ArgumentError: the options do not fit the data set.
    """
    choices: dict[Kind, str] = {"same": config.duplicates, "near": config.near_duplicates}
    joining = [kind for kind, choice in choices.items() if choice == "group"]
    known = {} if known is None else known
    folder = features_folder(config)
    sound = known_sound(folder)
    together: list[list[str]] = []
    where = str(data.root)
    while True:
        options = config.split, config.groups, config.split_seed, config.label
        parts = divide(data, *options, law, together, is_dense, config.part)
        if not together:
            for sentence in (*told_groups(parts), *require_booked(parts, config.duplicates == "ignore")):
                tell(sentence)
        surveyed = survey(parts, config.max_rejected, progress, config.wait, known, sound)
        found = duplicates.alike(surveyed, folder, "near" in joining)
        if not together and config.duplicates != "ignore":
            pictures = sum(len(surveyed.parts[role].sources) for role in ROLES)
            for sentence in duplicates.require_one_label(found, pictures, config.max_rejected, where):
                tell(sentence)
        more = [one.origins for one in found if one.kind in joining and one.origins not in together]
        if not more:
            break
        together += more  # of copies of an expansion the next division may show others
    for kind, choice in choices.items():
        crossed = crossing(found, kind)
        if choice == "drop":
            surveyed = _without(surveyed, crossed, kind, tell)
            continue
        if choice == "refuse" or (kind == "same" and choice != "ignore"):
            duplicates.require_apart(kind, crossed, parts, where)
        for sentence in _sentences(found, crossed, kind, choice, config.out):
            tell(sentence)
    if doubtful := crossing(found, "likely"):
        tell(told(doubtful, "likely", f": in other parts. {config.out}/{FILE} names all.", has_roles=True))
    return surveyed, found


def _sentences(found: Sequence[Alike], crossed: Sequence[Alike], kind: Kind, choice: str, out: str) -> Iterator[str]:
    joined = [one for one in found if one.kind == kind and one not in crossed]
    if choice == "group" and joined:
        yield told(joined, kind, ": each set is in one part.", has_roles=False)
    if crossed:
        advice = f"--{OPTIONS[kind]} group keeps each set in one part, drop leaves them out of what is learnt from"
        if choice == "group":  # and the data set's own parts hold them
            advice = f"--{OPTIONS[kind]} drop leaves them out of what is learnt from"
        tail = f": in other parts, so that figures may be too good. {advice}; {out}/{FILE} names all."
        yield told(crossed, kind, tail, has_roles=True)


def _without(surveyed: Survey, crossed: Sequence[Alike], kind: Kind, tell: Callable[[str], None]) -> Survey:
    """Return what is left without the pictures for which a set lies in several parts."""
    if not crossed:
        return surveyed
    doomed, left, count = duplicates.doomed(crossed), dict[str, Part](), 0
    for role in ROLES:
        part = surveyed.parts[role]
        gone = [s.id for s, origin in zip(part.sources, part.origins, strict=True) if origin in doomed[role]]
        left[role], count = part.without(gone), count + len(gone)
        if not left[role].sources:
            what = f"must leave pictures for {role}, got none that does not lie in another part too"
            raise FileError(f"{what}. Give more, or pass --{OPTIONS[kind]} ignore.", str(part.data.root))
    named = told(crossed, kind, "", has_roles=True).partition(" (")[2]
    verb = "was" if count == 1 else "were"
    tell(f"{counted(count, 'picture')} of train and val {verb} left out, which {LEFT_OUT[kind]} ({named}.")
    facts = {role: {source.id: surveyed.facts[role][source.id] for source in left[role].sources} for role in ROLES}
    parts = replace(surveyed.parts, train=left["train"], val=left["val"], test=left["test"])
    return replace(surveyed, parts=parts, facts=facts)
