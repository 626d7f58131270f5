"""Model files and ``augkit model``: what is wrong is named with its line, its layer and the sizes."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from augkit.errors import AugkitError
from augkit.train.input_size import parse_input
from augkit.train.models import architecture
from support.commands import command
from support.model_files import NOTES, written


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "[5, 5, 6]",
            "[5, 5, 3]",
            "net.yaml:8 layers[3].conv.kernel: must have the 6 channels of its input 14x14x6, got 5x5x3",
        ),
        (
            "kernel: 5}",
            "kernel: 33}",
            "net.yaml:3 layers[0].conv.kernel: must fit into its input, got 33x33 on 32x32x3",
        ),
        (
            "{size: 2, kind: max}",
            "{size: 20, kind: max}",
            "layers[5].pool.size: must fit into its input, got 20x20 on 10x10x8",
        ),
        ("kind: max", "kind: median", "layers[5].pool.kind: must be max, min, mean, l2, got 'median'."),
        ("  - flatten\n", "", "layers[6].dense: must come after flatten or global_mean, got an input of 5x5x8."),
        (
            "  - relu\n  - pool: 2\n",
            "  - flatten\n",
            "layers[2].conv: must come before flatten, got an input of 4704 numbers.",
        ),
        ("  - dense: classes\n", "", "net.yaml:13 layers[8]: must end with '- dense: classes'"),
        ("dense: 60", "dense: classes", "layers[7]: must end with '- dense: classes'"),
        ("- conv: {", "- convv: {", "net.yaml:3 layers[0]: no layer is called 'convv'. Did you mean conv?"),
        ("filters: 6,", "filter: 6,", "layers[0].conv.filter: has no argument 'filter'. Did you mean filters?"),
        ("filters: 6, ", "", "net.yaml:3 layers[0].conv: must be given its filters."),
        ("filters: 6,", "filters: 0,", "layers[0].conv.filters: must be a whole number from 1 to 65536, got 0."),
        ("filters: 6,", "filters: true,", "layers[0].conv.filters: must be a whole number"),
        (
            "kernel: 5}",
            "kernel: 5, groups: 2}",
            "layers[0].conv.groups: must divide the 3 channels of the input 32x32x3, got 2.",
        ),
        (
            "kernel: 5}",
            "kernel: 5, padding: -1}",
            "layers[0].conv.padding: must be a whole number from 0 to 4096, got -1.",
        ),
        ("- pool: 2", "- pool: [1, 2, 3]", "layers[2].pool.size: must be one number or a list of two, got [1, 2, 3]."),
        ("- relu", "- relu: 3", "layers[1].relu: takes no arguments, got 3."),
        ("- relu", "- [relu]", "layers[1]: must be one layer's name, with its arguments, got ['relu']."),
        ("layers:", "layer:", "net.yaml:2 layer: has no key 'layer'. Did you mean layers?"),
        ("32x32x3", "32x32", "net.yaml:1 input: must be HEIGHTxWIDTHxCHANNELS, such as 32x32x3, got '32x32'."),
        ("32x32x3", "12x32x3", "layers[3].conv.kernel: must fit into its input, got 5x5 on 4x14x6."),
        ("dense: 60", "dense: 6000000", "layers[7].dense.units: must be a whole number from 1 to 65536, got 6000000."),
        ("- flatten", "- pad: 4096\n  - flatten", "layers[6].pad: must give at most"),
        (
            "32x32x3",
            "4096x4096x3\nlayers: [flatten, {dense: 65536}, {dense: classes}]\n#",
            "layers[1].dense: must take at most 200,000,000,000 products of a picture",
        ),
    ],
)
def test_an_impossible_file_is_named_with_its_sizes(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in NOTES
    text = NOTES.replace(old, new, 1)
    text = text.partition("#\n")[0] if "#\n" in text else text
    with pytest.raises(AugkitError) as caught:
        architecture(written(tmp_path, text), 10)
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["[]", "layers: []", "layers: 3", "input: 32x32x3"])
def test_a_file_without_layers_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(AugkitError, match=r"must be a (mapping|list)"):
        architecture(written(tmp_path, text), 10)


@pytest.mark.parametrize(
    ("model", "outputs", "input", "words"),
    [
        ("lennet", 10, None, "no model is called 'lennet'. Did you mean lenet?"),
        ("none.yaml", 10, None, "must be a file that exists"),
        ("lenet", 0, None, "outputs: must be a whole number from 1"),
        ("lenet", 10, (8, 8, 3), "lenet layers[3].conv.kernel: must fit into its input, got 5x5 on 2x2x6."),
        ("lenet", 10, (0, 8, 3), "input: must be height, width and channels"),
        ("resnet18", 10, (64, 64, 1), "input: must have 3 channels for resnet18, got 64x64x1."),
    ],
)
def test_an_impossible_model_is_refused(model: str, outputs: int, input: Any, words: str) -> None:
    with pytest.raises(AugkitError) as caught:
        architecture(model, outputs, input)
    assert words in str(caught.value)


@given(st.integers(1, 4096), st.integers(1, 4096), st.integers(1, 4096))
def test_an_input_is_read_as_it_is_written(height: int, width: int, channels: int) -> None:
    assert parse_input(f"{height}x{width}x{channels}", "--input") == (height, width, channels)


def test_the_command_prints_the_notes_table(tmp_path: Path) -> None:
    done = command("model", "lenet", "--input", "32x32x3")
    assert done.returncode == 0
    for cells in (("28x28x6", "5x5x3", "1x1", "0x0", "456"), ("14x14x6", "2x2"), ("200",), ("total", "14,334")):
        assert any(set(cells) <= set(line.split()) for line in done.stdout.splitlines()), cells
    plain = json.loads(command("model", written(tmp_path), "--json").stdout)
    assert plain["parameters"] == sum(layer["parameters"] for layer in plain["layers"]) == 14_334
    wrong = command("model", "lenet", "--input", "32x32")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("augkit: --input: must be HEIGHTxWIDTHxCHANNELS")
