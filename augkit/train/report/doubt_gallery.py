"""Pictures whose labels may be wrong, as a report shows them."""

from collections.abc import Callable, Sequence

from augkit.core.arrays import Image
from augkit.train.report.mistakes import Mistake, gallery
from augkit.train.several.label_doubts import FILE, Doubt

SHOWN = 12


def doubts_html(doubted: Sequence[Doubt], picture: Callable[[str], Image]) -> str:
    """Return the first of some doubted labels with their pictures, as HTML, or nothing without any."""
    if not doubted:
        return ""
    some = [Mistake(one.id, one.label, one.rather, f"{100 * one.rather_probability:.1f} %") for one in doubted[:SHOWN]]
    first = f", the first {SHOWN}" if len(doubted) > SHOWN else ""
    told = f"Networks that did not learn from these pictures are surer of another class; the surest come first{first}."
    return f'<p class="soft">{told} All are in {FILE}.</p>{gallery(some, picture)}'
