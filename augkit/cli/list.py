"""``augkit list``."""


def command() -> None:
    """To be written."""
