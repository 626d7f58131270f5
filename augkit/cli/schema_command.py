"""``augkit schema``."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from augkit.cli.output import say

PLACE = 140  # in the help


def command(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write it.  [default: the screen]")
    ] = None,
) -> None:
    """Print the JSON Schema of pipeline files, for editors.

    Editors complete and check with it. Write it beside your pipelines with `augkit schema
    -o augkit.schema.json`, and begin each of them with the line

    # yaml-language-server: $schema=augkit.schema.json

    Editors with the YAML language server (VS Code with the extension YAML, Neovim, Helix,
    Zed ...) then complete names, tell what a step does, and underline what does not fit.
    """
    from augkit.pipeline.pipeline_schema import schema
    from augkit.storage.output_file import write

    text = json.dumps(schema(), indent=2) + "\n"
    if output is None:
        sys.stdout.write(text)
        return
    write(output, text.encode())
    say(f"{output}: begin a pipeline beside it with: # yaml-language-server: $schema={output.name}", is_error=True)
