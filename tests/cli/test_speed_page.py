"""docs/speed.md holds what the results hold, and the comparison with committed figures finds what became slower."""

import copy
import json
from typing import Any

import pytest

from benchmarks import comparison, speed_page
from benchmarks.__main__ import BENCHMARKS, LONG, main
from benchmarks.race import summary


def test_the_page_is_made_of_the_results_that_are_committed() -> None:
    page = speed_page.PAGE.read_text("utf-8")
    assert speed_page.made(page) == page, "run: python -m benchmarks page"


def test_every_section_is_that_of_a_benchmark_and_stands_on_the_page() -> None:
    page = speed_page.PAGE.read_text("utf-8")
    assert set(speed_page.SECTIONS) <= {*BENCHMARKS, *LONG}
    assert all(page.count(f"<!-- {name} -->\n") == 1 for name in speed_page.SECTIONS)
    assert page.count("<!-- end -->") == len(speed_page.SECTIONS)


def test_losses_are_written_out(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        "machine": {"cpu": "a processor", "cores": 2},
        "versions": {"augkit": "9", "python": "3"},
        "contenders": {"augkit": {"augkit": "9"}, "augrs": {"augrs-py": "0.1"}},
        "absent": {"kornia": "ImportError: no"},
        "cases": {"Mirror": raced(2.0, 1.0), "Hue": raced(1.0, 3.0)},
        "standings": {},
    }
    monkeypatch.setattr(speed_page, "RESULTS", tmp_path)
    (tmp_path / "transforms_alone.json").write_text(json.dumps(found))
    page = speed_page.made("before\n<!-- transforms_alone -->\nold\n<!-- end -->\nafter\n")
    assert "old" not in page
    assert page.startswith("before\n")
    assert page.endswith("after\n")
    assert "Slower than the fastest: Mirror (2.00 times the time of augrs)." in page
    assert "Kornia could not take part (ImportError: no)" in page
    assert "| Hue | 1000 | augrs | 3000 | 3.00 (3.00 to 3.00) |  |" in page


def raced(ours: float, theirs: float, spread: float = 0.0) -> dict[str, Any]:
    rounds = [1.0 - spread, 1.0, 1.0 + spread]
    times = {"augkit": [ours] * 3, "augrs": [theirs * factor for factor in rounds]}
    return summary({name: [{"cpu": cpu, "wall": cpu} for cpu in several] for name, several in times.items()})


def test_what_became_slower_is_found_beyond_its_noise_alone() -> None:
    before = {name: raced(1.0, 2.0) for name in "abcde"} | {"noisy": raced(1.0, 2.0, spread=0.15)}
    assert comparison.worse(before, before) == {}
    slower = before | {"a": raced(1.5, 2.0)}
    assert list(comparison.worse(before, slower)) == ["a"]
    assert comparison.worse(before, before | {"a": raced(1.2, 2.0)}) == {}
    assert comparison.worse(before, before | {"noisy": raced(1.5, 2.0)}) == {}
    together = {name: raced(1.2, 2.0) for name in before}
    assert list(comparison.worse(before, together)) == ["all cases together"]
    assert comparison.worse(before, {"a": raced(0.5, 2.0)}) == {}


def test_pictures_that_are_less_sharp_are_found() -> None:
    before = {"2": {"0": {"cubic": {"source": {"augkit": 36.0, "pillow": 36.0}}}}}
    now = copy.deepcopy(before)
    assert not list(comparison.worse_pictures(before, now))
    now["2"]["0"]["cubic"]["source"] = {"augkit": 35.5, "pillow": 10.0}
    assert list(comparison.worse_pictures(before, now)) == ["decibels 2 0 cubic source: 35.50 dB, was 36.00"]


def test_names_that_are_none_are_refused_and_the_check_says_by_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="must be transforms_alone or"):
        main(["fastest"])
    monkeypatch.setattr(comparison, "compare", lambda: True)
    with pytest.raises(SystemExit) as ended:
        main(["check"])
    assert ended.value.code == 1
