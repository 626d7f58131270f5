"""Pictures that were decoded once are known by their bytes, and by nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from augkit.images.pictures_apart import apart
from augkit.train.parts.sound_pictures import FILE, Sound, keep_sound, known_sound
from augkit.train.trainer import begin
from support import trainings
from support.trainings import prepared, settings, weights_file

SOME = {"a" * 64: Sound(3, 4, 3, "0f"), "b" * 64: Sound(5, 6, 1, "")}


def test_what_is_kept_is_known_and_added_to(tmp_path: Path) -> None:
    assert known_sound(None) == known_sound(tmp_path / "gone") == {}
    keep_sound(tmp_path / "cache", dict([*SOME.items()][:1]))
    keep_sound(tmp_path / "cache", dict([*SOME.items()][1:]))
    assert known_sound(tmp_path / "cache") == SOME


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "others", "others may write"])
def test_a_file_that_is_not_as_it_was_written_says_nothing(tmp_path: Path, damage: str) -> None:
    """Nor does one of other decoders, and none is an error: pictures are decoded then."""
    keep_sound(tmp_path, SOME)
    path = tmp_path / FILE
    whole = path.read_bytes()
    if damage == "others may write":
        path.chmod(0o666)
    else:
        changed = {"cut": whole[:-9], "flipped": whole.replace(b"[3,4", b"[3,5"), "empty": b"", "others": b"[]"}
        assert changed[damage] != whole
        path.write_bytes(changed[damage])
    assert known_sound(tmp_path) == {}
    keep_sound(tmp_path, SOME)
    assert known_sound(tmp_path) == SOME


def test_a_second_survey_decodes_what_is_new_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a picture is called; it finds what the first one found, and leaves out what is damaged."""
    pictures = trainings.fill(tmp_path / "pictures", each=8)
    options: dict[str, Any] = {"weights": weights_file(tmp_path / "w.pt", "lenet"), "cache": str(tmp_path / "cache")}
    wanted = settings(pictures, tmp_path / "run", **options, max_rejected=0.2)
    first = prepared(wanted)
    begin(first)
    decoded: list[str] = []

    def counted(where: str, *given: Any) -> Any:
        decoded.append(where)
        return apart(where, *given)

    monkeypatch.setattr("augkit.train.parts.survey.apart", counted)
    assert prepared(wanted).surveyed == first.surveyed
    assert decoded == []
    (pictures / "spots/003.png").rename(pictures / "spots/moved.png")
    damaged = pictures / "lines/005.png"
    damaged.write_bytes(damaged.read_bytes()[:70])
    again = prepared(wanted).surveyed
    assert decoded == [str(damaged)]
    assert [id for _, id, _ in again.rejected] == ["lines/005.png"]
