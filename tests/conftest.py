"""How Hypothesis runs here: the same examples every time, however slow the machine."""

from hypothesis import settings

settings.register_profile("augkit", deadline=None, derandomize=True)
settings.load_profile("augkit")
