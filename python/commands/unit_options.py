"""Options for the parameters of the hardware units, for every command that makes instances."""

import click

from vit2rtl.golden.units import UNITS, Instance


def parameter_options(function):
    """An option for every parameter that any unit has; its help says what each unit takes."""
    names = dict.fromkeys(name for unit in UNITS.values() for name in unit.parameters)
    for name in reversed(names):
        takers = {u.name: u.parameters[name] for u in UNITS.values() if name in u.parameters}
        choices = next(iter(takers.values())).choices
        function = click.option(
            option(name),
            name,
            type=click.Choice(choices) if choices else int,
            help=_help(takers),
        )(function)
    return function


def given(parameters):
    """The parameters whose options were given."""
    return {name: value for name, value in parameters.items() if value is not None}


def make_instance(unit, parameters):
    """The instance of a unit by name; an option that it does not have is a usage error."""
    if unit in UNITS:
        has = UNITS[unit].parameters
        for name in parameters:
            if name not in has:
                raise click.UsageError(
                    f"{unit} has no option {option(name)}; it has {', '.join(map(option, has))}"
                )
    return Instance.of(unit, **parameters)


def option(name):
    """``--acc-width`` of ``acc_width``."""
    return f"--{name.replace('_', '-')}"


def _help(takers):
    said = {}
    for unit, parameter in takers.items():
        limits = "" if parameter.choices else f"{parameter.low} to {parameter.high}, "
        text = f"{parameter.description} ({limits}default {parameter.default})"
        said.setdefault(text[0].upper() + text[1:], []).append(unit)
    everyone = len(said) == 1 and sum(map(len, said.values())) == len(UNITS)
    return ". ".join(
        text if everyone else f"{', '.join(units)}: {text}" for text, units in said.items()
    )
