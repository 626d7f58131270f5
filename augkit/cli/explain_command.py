"""``augkit explain``."""

import shutil
from pathlib import Path
from textwrap import wrap
from typing import Annotated

import typer

from augkit.cli.output import say

PLACE = 40  # in the help


def command(
    pipeline: Annotated[str, typer.Argument(help="A bundled name (see `augkit list`), or a YAML file.")],
) -> None:
    """Tell in sentences what a pipeline does.

    First its steps, then the passes over the pixels that one draw of them fuses into.
    """
    from augkit.core.key import Key
    from augkit.errors import AugkitError
    from augkit.pipeline.pipeline_file import bundled, load
    from augkit.preview import explain, headline
    from augkit.targets.scene import Scene

    loaded = load(pipeline)
    scene = Scene((375, 500))
    try:
        passes = loaded.draw(Key(0, "explain"), scene).explain().splitlines()
    except AugkitError as error:  # some pipelines are for other pictures; their sentences are still worth reading
        passes = [f"none for an RGB picture of {scene.size[1]} x {scene.size[0]} pixels: {error}"]
    width = min(100, shutil.get_terminal_size((80, 24)).columns)

    def show(depth: int, text: str) -> None:
        indent = "   " * depth
        hanging = len(text.partition(" ")[0]) + 1 if text[0].isdigit() else 0
        say(*wrap(text, width, initial_indent=indent, subsequent_indent=indent + " " * hanging))

    about = headline(bundled().get(pipeline, Path(pipeline)))
    show(0, f"{pipeline}: {about}" if about else pipeline)
    say("")
    *steps, sampling = explain(loaded)
    for depth, text in steps:
        show(depth, text)
    say("")
    show(*sampling)
    say("", "One draw of it (seed 0) for an RGB picture, fused:")
    for text in passes:
        show(1, text)
