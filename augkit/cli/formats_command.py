"""``augkit formats``."""

from augkit.cli.output import say

PLACE = 125  # in the help


def command() -> None:
    """List the formats of data sets, and the labels each holds.

    SRC of expand and train may be any that is read; expand --format takes those that are written.
    """
    from augkit.datasets import format_table

    rows = [[cell.replace("`", "") for cell in row] for row in format_table()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
