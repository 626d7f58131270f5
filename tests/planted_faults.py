"""Faults, planted one after the other in a scratch copy of augkit: the tests named beside each must catch it.

``make planted`` runs it; as a command, it takes words that choose faults by what they are called. A fault is found by
the name of its function and a pattern inside, so that it survives when modules move; where it fits nowhere, or twice,
that is told as a fault of this file. First the tests are run without it: they must pass, or would catch whatever comes.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Fault:
    """What is wrong, where, and who must tell.

    Args:
        what: is wrong.
        function: the name of the one that holds it.
        old: a pattern that is found once in its source.
        new: what stands there instead.
        tests: arguments of pytest: the files that must tell, and which of their tests, for the sake of time.
    """

    what: str
    function: str
    old: str
    new: str
    tests: tuple[str, ...]


FAULTS = (
    Fault("min_visible is ignored", "shown", r"left >= min_visible \* before", "left >= 0.0 * before",
          ("tests/laws/test_labels.py", "-k", "hidden_boxes or come_back or tell_what")),
    Fault("pictures are decoded where a crash ends the command", "decode_apart", r"apart\(where or .*\)",
          "decode(data, mode, profiles, scale)", ("tests/faults/test_pictures_apart.py", "-k", "show or replay")),
    Fault("labels are not exchanged in a mirror", "mirrored", r"target\.mirrored\(policy\)", "target",
          ("tests/laws/test_mirrored.py", "-k", "not expand")),
    Fault("a rotation turns the other way", "rotation", r"sine, 0\.0\), \(0\.0 - sine", "0.0 - sine, 0.0), (sine",
          ("tests/unit/test_geometry.py", "-k", "directions")),
    Fault("maps are done in the wrong order", "product", r"first\n(.*) = second", r"second\n\1 = first",
          ("tests/laws/test_fusion.py", "tests/unit/test_compiled_numbers.py")),
    Fault("pixels are cut, not rounded", "finish", r"to_nearest\(clamped\)", "np.floor(clamped)",
          ("tests/unit/test_colour.py", "tests/unit/test_levels.py")),
    Fault("greys take a tint, since coefficients are rounded one by one", "mix_numbers", r"whole\[most\] \+= ", "_ = ",
          ("tests/laws/test_native_colours.py", "-k", "same_numbers_in_c")),
    Fault("what lies below a step is rounded to it", "_mix", r"0\.5 if functions", "0.0 if functions",
          ("tests/laws/test_native_colours.py", "-k", "beside_a_step")),
    Fault("halves are all rounded up in a blend", "_whole", r"near = min\(.*\)", "near = 0",
          ("tests/laws/test_native_adaptation.py", "-k", "without_bias")),
    Fault("every step draws the same numbers", "stream", r"_philox_key, label", '_philox_key, ""',
          ("tests/unit/test_key.py", "tests/laws/test_randomness.py")),
    Fault("a mask's colours are numbered in another order than listed", "class_numbers", r"enumerate\(colours\)",
          "enumerate(reversed(colours))", ("tests/formats/test_mask_numbers.py", "-k", "which_number")),
    Fault("a mask is paired without its split", "_keys", r"\(place\.split, place\.others, stem\)",
          "(place.others, stem)",
          ("tests/formats/test_segmentation.py", "-k", "same_names_in_two_splits")),
    Fault("a picture without its mask is taken for one without objects", "_sources", r"folder in complete", "False",
          ("tests/formats/test_segmentation.py", "-k", "without_a_mask")),
    Fault("a picture that is passed through keeps a wrong suffix", "passed_suffix", r"suffix_of\(content, own\)", "own",
          ("tests/formats/test_names_and_content.py", "-k", "suffix_of_its_bytes")),
    Fault("ids are keyed as they are written", "__post_init__", r"nfc\(self\.sample\)", "self.sample",
          ("tests/formats/test_names_and_content.py", "-k", "macos")),
    Fault("an extension moves a class", "folders_of", r"dict\(held or \{\}\)", "{}",
          ("tests/formats/test_class_names.py", "-k", "growth or never_meet")),
    Fault("a password is told", "_stripped", r'host = host\.rpartition\("@"\)\[2\]', "pass",
          ("tests/unit/test_addresses.py",)),
    Fault("lineage has no plans", "line_of", r'"plan":\{plan\}', '"plan":null',
          ("tests/unit/test_expand_books.py", "-k", "replay")),
    Fault("a smaller picture lies where the whole one lies", "on_shrunk", r"product\(first\.matrix, to_whole\)",
          "first.matrix", ("tests/laws/test_scaled_decode.py", "-k", "lies_where")),
    Fault("a copy is decoded as its siblings are", "at", r"self\.decoded\(scale\)",
          "self.decoded(next(iter(self._decoded), scale))", ("tests/laws/test_scaled_decode.py", "-k", "siblings")),
    Fault("nothing is synced", "sync_all", r"syncfs = _syncfs\(\)", "return",
          ("tests/faults/test_crash.py", "-k", "fresh and power")),
    Fault("a file's content is not checked", "check", r"sha256_of\(.*\) != facts\[1\]", "False",
          ("tests/unit/test_expand_books.py", "-k", "flipped")),
    Fault("rejecting too many is no failure", "command", r"if summary\.over_budget or \(", "if (",
          ("tests/cli/test_cli_expand.py", "-k", "json_is_all")),
    Fault("a dying worker's neighbour is blamed", "_without", r"\(position, reason\)", "(position - 1, reason)",
          ("tests/faults/test_supervision.py", "-k", "not parent and not closing")),
    Fault("the split depends on the order of sources", "assign",
          r"split_of\(group, wanted, seed\) for group in groups",
          "split_of(str(n), wanted, seed) for n, _ in enumerate(groups)", ("tests/formats/test_splits.py",)),
    Fault("the shares of a class are left to chance", "_cut", r"start \+= sizes\[group\]", "start += 0",
          ("tests/laws/test_strata.py",)),
    Fault("every pass of a loader is the first", "epoch_of", r"count \+ 1", "0", ("tests/laws/test_passes.py",)),
    Fault("COCO is written without keypoints", "_coco_object", r"if points:", "if False:",
          ("tests/formats/test_expand_labels.py",)),
    Fault("EXIF's orientation is not applied", "decode",
          r"upright\(image, stored\.exif\) if stored\.exif else image", "image",
          ("tests/unit/test_codec.py", "-k", "upright")),
    Fault("every epoch of a loader is the first", "_order", r"epoch=epoch", "epoch=0",
          ("tests/laws/test_loader_sampler.py",)),
    Fault("a resumed epoch begins anew", "fit", r"\(state\.epoch, state\.step\)", "(state.epoch, 0)",
          ("tests/train/test_train_resume.py", "-k", "any_step")),
    Fault("features are kept without regard to the pipeline", "_deciding_features",
          r'"pipeline": setup\.deciding\["pipeline"\], ', "",
          ("tests/train/test_train_frozen.py", "-k", "misses_the_cache")),
    Fault("BatchNorm of a frozen network goes on learning", "set_mode", r"network\.train\(not is_frozen\)",
          "network.train()", ("tests/train/test_train_frozen.py", "-k", "frozen_layers or frozen_backbone")),
    Fault("each class is judged as if it were alone", "adjusted", r"left \* chances\[place\] / weights\[place\]",
          "chances[place]", ("tests/train/test_comparison.py", "-k", "holms")),
    Fault("seeds that agree by chance are sure", "crossed", r"max\(pictures .*, of_rest\)",
          "pictures * float(by_seed.var(ddof=1))", ("tests/train/test_comparison.py", "-k", "agree_by_chance")),
    Fault("pictures are those of the test for ever", "crossed", r"further = max\(of_pictures - of_rest, 0\.0\)",
          "further = 0.0", ("tests/train/test_comparison.py", "-k", "seeds_do_not")),
    Fault("what is reported on is augmented", r"\w+", r'\{"train": setup\.pipeline\}',
          "dict.fromkeys(ROLES, setup.pipeline)", ("tests/train/test_train_data.py", "-k", "never_augmented")),
    Fault("links lead out of a data set", "require_within", r"if leads != held and not", "if False and not",
          ("tests/faults/test_security_paths.py", "-k", "link_out_of_the_root or comes_later")),
    Fault("a wrapped address is taken for a public one", "is_public", r"ip = wrapped", "pass",
          ("tests/faults/test_security_urls.py", "-k", "addresses")),
    Fault("names run as formulas", "as_cell", r"if _FORMULA\.match\(text\)", "if not text",
          ("tests/faults/test_security_code.py", "-k", "formulas")),
    Fault("names in a tar are as long as they claim", "tar_members", r"not 0 <= head\.size <= MOST_HEADER_BYTES",
          "False", ("tests/faults/test_tar_headers.py", "-k", "claim and TB")),
    Fault("a helper may ask for all memory", "set", r"self\._set\(resource\.RLIMIT_DATA, self\.most\)", "pass",
          ("tests/faults/test_apart.py", "-k", "memory_is_limited")),
    Fault("a pack is known by its size alone", "stamp_of", r"return Stamp\(.*\)", "return Stamp(status.st_size, 0)",
          ("tests/faults/test_changed_content.py", "-k", "another_one_now or another_pack")),
    Fault("a disk that answers is taken for a bad picture", "blame", r" or _is_answer\(one\)", "",
          ("tests/faults/test_patience.py", "-k", "lasts_longer")),
    Fault("a time limit needs no other picture", "ending_alone", r"'' if is_others else UNPROVEN", "''",
          ("tests/faults/test_supervision.py", "-k", "put_off")),
    Fault("outputs that are gone are not looked for", "forget_changed", r"if found:", "if False:",
          ("tests/faults/test_resumed_content.py", "-k", "own_shards or bucket")),
    Fault("pixels are counted, and not what they take", "require_bytes", r"wanted > MAX_BYTES", "False",
          ("tests/faults/test_picture_bombs.py", "-k", "refused_by_its_header")),
    Fault("a model's types are compared with themselves", "_artefact", r"!= tensors\[name\]\.dtype", "!= value.dtype",
          ("tests/train/test_model_bombs.py", "-k", "other_numbers")),
    Fault("masks may cover a picture without end", "require_few", r"covered > MOST_COVERED", "0 > MOST_COVERED",
          ("tests/faults/test_label_bombs.py", "-k", "six_hundred")),
    Fault("sources are known by their size alone", "replaced_source", r"sha256_of\(.*\) != sha256", "False",
          ("tests/faults/test_resumed_content.py", "-k", "member or any_form")),
)  # fmt: skip


@cache
def functions_of(text: str) -> list[tuple[str, str]]:
    """Return the name and the source of every function in a file's text."""
    lines = text.splitlines(keepends=True)
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    return [(node.name, "".join(lines[node.lineno - 1 : node.end_lineno])) for node in nodes]


def planted(tree: Path, fault: Fault) -> tuple[Path, str]:
    """Return the only file of a tree that the fault fits, and its text with the fault."""
    found: list[tuple[Path, str]] = []
    for path in sorted((tree / "augkit").rglob("*.py")):
        text = path.read_text()
        for name, source in functions_of(text):
            if re.fullmatch(fault.function, name) and re.search(fault.old, source):
                found.append((path, text.replace(source, re.sub(fault.old, fault.new, source))))
    if len(found) != 1:
        raise LookupError(f"must be planted in one place, fits {len(found)}: {[str(path) for path, _ in found]}")
    return found[0]


def ended(tree: Path, tests: tuple[str, ...]) -> int:
    """Return pytest's exit code for some tests of a tree: 0 where all pass, 1 where one fails."""
    words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    environment = os.environ | {"PYTHONPATH": str(tree)}
    done = subprocess.run(words, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    if done.returncode > 1:
        print(done.stdout, done.stderr, sep="\n")
    return done.returncode


def judged(tree: Path, fault: Fault) -> str:
    """Return "caught", or what went otherwise."""
    try:
        path, spoilt = planted(tree, fault)
    except LookupError as error:
        return f"NOT PLANTED: {error}"
    if ended(tree, fault.tests) != 0:
        return "NOT JUDGED: the tests fail without the fault"
    sound = path.read_text()
    path.write_text(spoilt)
    try:
        return {0: "MISSED", 1: "caught"}.get(ended(tree, fault.tests), "NOT JUDGED: the tests did not run")
    finally:
        path.write_text(sound)


def main() -> int:
    """Plant every fault, or those whose names hold a word of the command line; say what became of each."""
    chosen = [fault for fault in FAULTS if not sys.argv[1:] or any(word in fault.what for word in sys.argv[1:])]
    missed = 0
    with tempfile.TemporaryDirectory() as place:
        tree = Path(place)
        for folder in ("augkit", "pipelines", "tests"):
            shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", tree)
        for fault in chosen:
            began, said = time.monotonic(), judged(tree, fault)
            missed += said != "caught"
            print(f"{said:8} {fault.what} ({fault.tests[0]}, {time.monotonic() - began:.0f} s)", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} faults caught.")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
