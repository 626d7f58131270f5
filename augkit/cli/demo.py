"""``augkit demo``."""


def command() -> None:
    """To be written."""
