"""Settings of Hypothesis, and fixtures that several files use."""

from contextlib import chdir
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples every time, however slow the machine.
settings.register_profile("augkit", deadline=None, derandomize=True)
settings.load_profile("augkit")


@pytest.fixture(scope="session")
def pictures_beside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of what the table of Albumentations' transforms names, to be the current one."""
    from support.albumentations_table import lay_pictures_beside

    folder = tmp_path_factory.mktemp("beside")
    with chdir(folder):
        lay_pictures_beside()
    return folder
