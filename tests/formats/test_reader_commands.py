"""`augkit show` and `augkit fit-pca` take every form of data set."""

from __future__ import annotations

from pathlib import Path

import pytest

from augkit.cli import fit_pca_command, show_command
from augkit.images import decode
from support.data_sets import FORMS, lay


@pytest.mark.parametrize("form", ["coco", "yolo", "csv", "webdataset", "parquet"])
def test_commands_take_every_form(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files, where = FORMS[form]
    lay(tmp_path / "set", files)
    source, pictures = str(tmp_path / "set" / where), 1 if form == "csv" else 2
    show_command.command(source, "strong", tmp_path / "sheet.png", copies=2, rows=4, seed=0)
    assert f"{pictures} x 2 copies" in capsys.readouterr().out
    assert decode((tmp_path / "sheet.png").read_bytes()).image.shape[1] == 536
    fit_pca_command.command(source, tmp_path / "pca.yaml")
    assert f"fitted to {pictures * 768:,} pixels of {pictures} picture" in capsys.readouterr().out
