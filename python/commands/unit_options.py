"""Options for the parameters of the hardware units, for every command that makes instances."""

from collections.abc import Callable, Mapping
from typing import Any

import click

from vit2rtl.golden.units import UNITS, Instance, Parameter


def parameter_options(function: Callable[..., None]) -> Callable[..., None]:
    """An option for every parameter that any unit has; its help says what each unit takes.

    Options that the command has already stay what they are.
    """
    taken = {parameter.name for parameter in getattr(function, "__click_params__", ())}
    names = dict.fromkeys(name for unit in UNITS.values() for name in unit.parameters)
    for name in reversed([name for name in names if name not in taken]):
        parameters = {unit: UNITS[unit].parameters[name] for unit in takers(name)}
        choices = next(iter(parameters.values())).choices
        function = click.option(
            option(name),
            name,
            type=click.Choice(choices) if choices else int,
            help=_help(parameters),
        )(function)
    return function


def takers(*names: str) -> list[str]:
    """The units that have all these parameters; the examples of a command name one of them."""
    return [unit.name for unit in UNITS.values() if {*names} <= {*unit.parameters}]


def given(parameters: Mapping[str, int | str | None]) -> dict[str, int | str]:
    """The parameters whose options were given."""
    return {name: value for name, value in parameters.items() if value is not None}


def make_instance(unit: str, parameters: Mapping[str, Any]) -> Instance:
    """The instance of a unit by name; an option that it does not have is a usage error."""
    if unit in UNITS:
        has = UNITS[unit].parameters
        for name in parameters:
            if name not in has:
                raise click.UsageError(
                    f"{unit} has no option {option(name)}; it has {', '.join(map(option, has))}"
                )
    return Instance.of(unit, **parameters)


def option(name: str) -> str:
    """``--acc-width`` of ``acc_width``."""
    return f"--{name.replace('_', '-')}"


def _help(parameters: Mapping[str, Parameter]) -> str:
    """What a parameter is, of every unit that has it; once where all units have the same."""
    texts: dict[str, list[str]] = {}
    for unit, parameter in parameters.items():
        limits = "" if parameter.choices else f"{parameter.low} to {parameter.high}, "
        text = f"{parameter.description} ({limits}default {parameter.default})"
        texts.setdefault(text[0].upper() + text[1:], []).append(unit)
    everyone = len(texts) == 1 and len(parameters) == len(UNITS)
    return ". ".join(
        text if everyone else f"{', '.join(units)}: {text}" for text, units in texts.items()
    )
