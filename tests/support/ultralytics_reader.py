"""Ultralytics' own checks and data sets, in a process of their own: what it makes of data.yaml.

It is a dependency of tests alone (AGPL-3.0; `make setup` installs it without its own dependencies, of which it takes
none but those that are here already). It would download fonts and write settings into the home folder, so it is given a
folder for these, and a font that is there.

    python ultralytics_reader.py '[["data.yaml", "detect"], ["classes", "classify"]]' answers.json
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

NEEDED = pytest.mark.skipif(
    find_spec("ultralytics") is None, reason="NOT JUDGED BY ULTRALYTICS: run pip install --no-deps ultralytics"
)


def judged(folder: Path, *sets: tuple[Path, str]) -> list[dict[str, Any]]:
    """Return what Ultralytics makes of data sets, each with a task, from another working directory."""
    config, answers = folder / "config", folder / "answers.json"
    (config / "Ultralytics").mkdir(parents=True)
    for font in ("Arial.ttf", "Arial.Unicode.ttf"):
        (config / "Ultralytics" / font).touch()
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    places = {"YOLO_CONFIG_DIR": str(config), "MPLCONFIGDIR": str(config), "YOLO_OFFLINE": "true", "HOME": str(config)}
    asked = json.dumps([[str(place.absolute()), task] for place, task in sets])
    command = [sys.executable, str(Path(__file__).absolute()), asked, str(answers)]
    done = subprocess.run(command, cwd=elsewhere, env=os.environ | places, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(elsewhere.iterdir()) == []
    found: list[dict[str, Any]] = json.loads(answers.read_text())
    return found


def main() -> None:
    """Answer with the labels of every picture of every split, by the picture's path below the data set."""
    asked, answers = json.loads(sys.argv[1]), Path(sys.argv[2])
    ways = {"classify": _classified, "dota": _converted}
    found = [ways[task](place) if task in ways else _read(place, task) for place, task in asked]
    answers.write_text(json.dumps(found))


def _read(place: str, task: str) -> dict[str, Any]:
    from ultralytics.data.dataset import YOLODataset
    from ultralytics.data.utils import check_det_dataset

    facts = check_det_dataset(place, autodownload=False)
    found: dict[str, Any] = {"names": facts["names"], "nc": facts["nc"], "pictures": {}}
    found |= {key: facts[key] for key in ("kpt_shape", "flip_idx", "channels") if key in facts}
    root = Path(place).parent
    for split in ("train", "val", "test"):
        if not facts.get(split):
            continue
        data = YOLODataset(img_path=facts[split], data=facts, task=task, augment=False, imgsz=64, prefix=split)
        files = data.get_img_files(facts[split])
        assert len(files) == len(data.labels), f"{len(files) - len(data.labels)} pictures left out"
        for number, label in enumerate(data.labels):
            one = {"split": split, "shape": label["shape"], "cls": label["cls"].ravel().tolist()}
            one |= {"boxes": label["bboxes"].tolist(), "segments": [part.tolist() for part in label["segments"]]}
            one["keypoints"] = None if label["keypoints"] is None else label["keypoints"].tolist()
            item = data[number]  # goes through its own formatting
            one["item"] = {key: value.tolist() for key, value in item.items() if key in ("cls", "bboxes", "keypoints")}
            found["pictures"][Path(label["im_file"]).relative_to(root).as_posix()] = one
    return found


def _converted(place: str) -> dict[str, Any]:
    """Convert DOTA in `images/<split>`, `labels/<split>_original`; return the lines of each label file by its name."""
    from ultralytics.data.converter import convert_dota_to_yolo_obb

    convert_dota_to_yolo_obb(place)
    return {
        path.stem: path.read_text() for split in ("train", "val") for path in Path(place, "labels", split).iterdir()
    }


def _classified(place: str) -> dict[str, Any]:
    from ultralytics.data.utils import check_cls_dataset, verify_image

    facts = check_cls_dataset(place)
    numbers = {name: number for number, name in facts["names"].items()}
    found: dict[str, Any] = {"names": facts["names"], "nc": facts["nc"], "pictures": {}}
    for split in ("train", "val", "test"):
        for path in sorted(Path(facts[split]).rglob("*.*")) if facts.get(split) else ():
            # Its ClassificationDataset needs torchvision, whose builds for CUDA break beside a torch without.
            number = numbers[path.relative_to(facts[split]).parts[0]]
            (_, told), is_found, is_corrupt, message = verify_image(((str(path), number), split))
            assert (is_found, is_corrupt, message) == (1, 0, "")
            found["pictures"][path.relative_to(place).as_posix()] = told
    return found


if __name__ == "__main__":
    main()
