"""Imbalance of classes: told before a training, with what can be done about it."""

from collections.abc import Iterator

from augkit.train.parts.parts import Parts, originals_of
from augkit.train.tasks import Task

MOST_TIMES = 10  # as many pictures as another class has
MOST_NAMED = 5


def told_imbalance(parts: Parts, task: Task, is_weighted: bool) -> Iterator[str]:
    """Say which classes have few training pictures beside the largest one.

    Args:
        parts: of the data set.
        task: whose pictures have one class each, or there is nothing to say.
        is_weighted: whether something is done about it already.
    """
    if not task.has_one:
        return
    counts = originals_of(parts.train, task)
    (largest, most), total = counts.most_common(1)[0], counts.total()
    few = sorted((count, name) for name, count in counts.items() if count * MOST_TIMES <= most)
    if not few:
        return
    named = ", ".join(f"{name!r} {count:,}" for count, name in few[:MOST_NAMED])
    more = f" and {len(few) - MOST_NAMED:,} more" if len(few) > MOST_NAMED else ""
    what = "A class has" if len(few) == 1 else f"{len(few):,} classes have"
    share = 1.0 - sum(count for count, _ in few) / total
    them = "it" if len(few) == 1 else "one of them"
    yield (
        f"{what} at most a tenth of the {most:,} training pictures of {largest!r}: {named}{more}. A network that"
        f" never names {them} can be right in {100 * share:.1f} %: look at balanced accuracy and the classes' rows."
        + ("" if is_weighted else " Pass --balance or --class-weights auto for classes to count alike.")
    )
