"""``augkit expand``."""


def command() -> None:
    """To be written."""
