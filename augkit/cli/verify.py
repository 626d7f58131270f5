"""``augkit verify``."""


def command() -> None:
    """To be written."""
