"""Commands whose options are the fields of a configuration: parameters out of a model, and a model out of what came.

Such a command is built when it is called: the list of all commands needs no configuration, and loads none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import typer
from typer.core import TyperGroup
from typer.main import get_command

from augkit.errors import ArgumentError

if TYPE_CHECKING:
    from typer._click import Command, Context

    from augkit.configuration import Configuration, Entry

C = TypeVar("C", bound="Configuration")
P = ParamSpec("P")

_BUILDERS: dict[Callable[..., None], Callable[[], Callable[..., None]]] = {}  # by what `configured` returned


def configured(place: str) -> Callable[[Callable[Concatenate[C, P], None]], Callable[[], None]]:
    """Make a command of a function whose first argument is a configuration; its others are further options.

    Args:
        place: of the configuration's class, such as ``augkit.expand.expand_config:ExpandConfig``.
    """

    def named(run: Callable[Concatenate[C, P], None]) -> Callable[[], None]:
        def command() -> None:
            _BUILDERS[command]()  # for who calls it without a command line: it says which options are missing

        command.__doc__ = run.__doc__
        _BUILDERS[command] = lambda: _built(place, run)
        return command

    return named


class Commands(TyperGroup):
    """Commands, of which those that have a configuration get its options when they are called."""

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        function = getattr(command.callback, "__wrapped__", None) if command else None
        if function in _BUILDERS:
            alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
            alone.command(name)(_BUILDERS[function]())
            command = get_command(alone)
        return name, command, rest


def _built(place: str, run: Callable[..., None]) -> Callable[..., None]:
    """Return a function that typer makes a command of."""
    module, _, name = place.partition(":")
    kind: type[Configuration] = getattr(import_module(module), name)
    _, *further = signature(run, eval_str=True, locals={name: kind}).parameters.values()
    own = {parameter.name for parameter in further}

    def command(context: typer.Context, **given: object) -> None:
        told = ((entry, given[entry.field]) for entry in entries if _is_given(context, entry))
        values = {entry.field: entry.chosen(value) for entry, value in told if value is not None}
        for entry in refusable:
            if given[f"no_{entry.field}"] and values.setdefault(entry.field, False) is not False:
                raise ArgumentError(f"must not go with --no-{entry.name}. Leave one out.", entry.key)
        run(kind.of(**values), **{field: value for field, value in given.items() if field in own})

    entries = sorted(kind.entries(), key=lambda entry: not entry.is_required)
    refusable = [entry for entry in entries if entry.is_refusable]
    parameters = [parameter for entry in entries for parameter in _parameters(entry)]
    parameters += [parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in further]
    parameters.append(Parameter("context", Parameter.KEYWORD_ONLY, annotation=typer.Context))
    command.__doc__ = run.__doc__
    command.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # typer reads it
    return command


def _is_given(context: typer.Context, entry: Entry) -> bool:
    """Say whether a value was typed, be it the default: what is left open may be found out later."""
    source = context.get_parameter_source(entry.field)
    return source is not None and source.name != "DEFAULT"


def _parameters(entry: Entry) -> Iterator[Parameter]:
    yield _parameter(entry)
    if entry.is_refusable:
        info = typer.Option(False, f"--no-{entry.name}", help=entry.option.refused_help, show_default=False)
        yield Parameter(f"no_{entry.field}", Parameter.KEYWORD_ONLY, default=info, annotation=bool)


def _parameter(entry: Entry) -> Parameter:
    option, kind = entry.option, entry.kind or str
    default = ... if entry.is_required else entry.default
    if not isinstance(default, int | float | str | type(...)) or entry.is_refusable:
        default = None  # which leaves it to the configuration
    if option.argument:
        info = typer.Argument(default, metavar=option.argument, help=entry.help)
    elif kind is bool:
        info = typer.Option(default, f"--{'no-' * bool(default)}{entry.name}", help=entry.help, show_default=False)
    else:
        shown = option.shown_default or True
        metavar = option.metavar or ("TEXT" if option.is_many else None)
        info = typer.Option(default, f"--{entry.name}", metavar=metavar, help=entry.help, show_default=shown)
    return Parameter(
        entry.field, Parameter.KEYWORD_ONLY, default=info, annotation=list[str] if option.is_many else kind
    )
