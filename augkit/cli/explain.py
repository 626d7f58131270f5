"""``augkit explain``."""


def command() -> None:
    """To be written."""
