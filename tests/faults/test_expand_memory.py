"""A worker's memory is bounded, and does not grow with the data set."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from augkit.images import encode
from support.folders import picture, put

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

CODE = """
import json, sys
from pathlib import Path
from augkit.expand.work_plan import Shard
from augkit.expand.shard import Work
import augkit.expand.engines.processes as processes

class Measured(Work):
    def expand(self, shard, hand):
        result = super().expand(shard, hand)
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                with open(sys.argv[3], "a") as file:
                    file.write(line.split()[1] + "\\n")
        return result

if __name__ == "__main__":
    import augkit.expand.expansion as expansion
    expansion.Work = Measured
    options = json.loads(sys.argv[5])
    expansion.expand(sys.argv[1], sys.argv[2], copies=int(sys.argv[4]), workers=1, **options)
"""


def peak_megabytes(src: Path, place: Path, copies: int, **options: str) -> float:
    script, told = place / "script.py", place / "peaks"
    place.mkdir()
    script.write_text(CODE)
    command = [
        sys.executable,
        str(script),
        str(src),
        str(place / "out"),
        str(told),
        str(copies),
        json.dumps({"pipeline": "six"} | options),
    ]
    subprocess.run(command, check=True, timeout=300)
    return max(map(int, told.read_text().split())) / 1000


@pytest.mark.parametrize("options", [{}, {"pipeline": "strong"}, {"pipeline": "identity", "encoding": "png"}])
def test_twelve_megapixels(tmp_path: Path, options: dict[str, str]) -> None:
    (tmp_path / "src").mkdir()
    row = encode(picture(0, (3000, 4000, 3)), "jpeg", 90)
    for number in range(2):  # the second finds what the first left
        (tmp_path / f"src/{number}.jpg").write_bytes(row)
    assert peak_megabytes(tmp_path / "src", tmp_path / "run", 2, **options) < 400


def test_ten_times_the_sources_take_no_more(tmp_path: Path) -> None:
    peaks = []
    for count in (300, 3000):
        for number in range(count):
            path = tmp_path / f"{count}/c{number % 7}/{number}.jpg"
            if number < 20:
                put(path, picture(number, (60, 80, 3)))
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.hardlink_to(tmp_path / f"{count}/c{(number % 20) % 7}/{number % 20}.jpg")
        peaks.append(peak_megabytes(tmp_path / str(count), tmp_path / f"run{count}", 2, pipeline="light"))
    assert peaks[1] < 1.1 * peaks[0]
