"""``augkit schema``."""


def command() -> None:
    """To be written."""
