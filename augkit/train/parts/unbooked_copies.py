"""Copies that augkit expand made, recognised by their names where the books that say what each is a copy of are gone.

Copies of one picture in two parts are one picture in two parts: what is learnt by heart there counts as understood.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from augkit.errors import FileError
from augkit.storage.store import BOOKS
from augkit.train.parts.duplicates import counted
from augkit.train.parts.parts import ROLES, Parts, Role

# As augkit.expand.output_names has it: the stem of the source, digits of its id, and the number of the copy.
_OUTPUT = re.compile(r"(?P<stem>[^/]+-(?:[0-9a-f]{32}|[0-9a-f]{8}))(?P<copy>-c\d+)?\.[^./]+\Z")
PATTERN = r"([^/]+-[0-9a-f]{8,32})(?:-c\d+)?\."  # for --groups
MOST_NAMED = 3


def require_booked(parts: Parts, may_cross: bool) -> Iterator[str]:
    """Yield a sentence where pictures are named as augkit's own copies, and no books say what they were made of.

    Args:
        parts: of the data set.
        may_cross: whether copies of one picture may lie in several parts.

    Raises:
        FileError: they do, but may not.
    """
    if parts.are_copies:
        return
    found: dict[str, list[tuple[Role, str]]] = defaultdict(list)
    copies: dict[str, int] = Counter()
    for role in ROLES:
        for source in parts[role].sources:
            match = _OUTPUT.search(source.id)
            if match is not None:
                found[match["stem"]].append((role, source.id))
                copies[match["stem"]] += match["copy"] is not None
    sets = [found[stem] for stem in found if copies[stem]]
    if not sets:
        return
    crossed = [pictures for pictures in sets if len({role for role, _ in pictures}) > 1]
    count, made = sum(copies.values()), counted(len(sets), "picture")
    named = "; ".join(_named(pictures) for pictures in (crossed or sets)[:MOST_NAMED])
    if crossed and not may_cross:
        what = f"must come with the books ({BOOKS}) that say what each copy of augkit expand was made of"
        got = f"got none, and {counted(count, 'file')} named as copies of {made}, of which {len(crossed):,}"
        where = "has some in two parts" if len(crossed) == 1 else "have some in two parts"
        advice = f"Copy {BOOKS} too, or train on the originals"
        groups = "" if parts.is_settled else f", or keep copies together: --groups '{PATTERN}'"
        told = f"{what}, {got} {where}: {named}. {advice}{groups}."
        raise FileError(told, str(parts.train.data.root))
    told = f"{counted(count, 'file')} {'is' if count == 1 else 'are'} named as copies of augkit expand, of {made}"
    where = "some in several parts, so that figures are too good" if crossed else "each picture's in one part"
    yield f"{told}, without its books ({BOOKS}): {where}. What figures are of may be augmented: {named}."


def _named(pictures: Sequence[tuple[Role, str]]) -> str:
    firsts = list({role: f"{id} ({role})" for role, id in reversed(pictures)}.values())[::-1]
    more = f" and {len(pictures) - len(firsts):,} more" if len(pictures) > len(firsts) else ""
    return " = ".join(firsts) + more
