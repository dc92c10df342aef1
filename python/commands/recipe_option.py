"""``--recipe FILE``: what a command line says of widths and method, from a JSON file."""

from pathlib import Path
from typing import Any

import click

from vit2rtl.commands import options
from vit2rtl.golden.files import documents
from vit2rtl.quantization.settings import DEFAULTS

_WIDTHS = ("weight_bits", "activation_bits")
_KEYS = (*_WIDTHS, "bits_of", "method", *DEFAULTS)
# Parameters that the file stands for.
_PARAMETERS = ("bits", "bits_of", "method", *DEFAULTS)


def _read(context: click.Context, option: click.Parameter, file: str | None) -> str | None:
    """The file's settings become the defaults of the options behind this one."""
    if file is None or context.resilient_parsing:
        return file
    recipe = _checked(file)
    settings = {key: value for key, value in recipe.items() if key not in _WIDTHS}
    bits = f"w{recipe['weight_bits']}a{recipe['activation_bits']}"
    context.default_map = {"bits": bits, **settings}
    return file


def _checked(file: str) -> dict[str, Any]:
    if not Path(file).is_file():
        raise ValueError(f"Recipe {file} does not exist")
    recipe = documents.parse(Path(file).read_bytes(), f"Recipe {file}")
    if not isinstance(recipe, dict):
        raise ValueError(f"Recipe {file} must be a JSON object, as 'vit2rtl explore best' prints")
    for key in recipe:
        if key not in _KEYS:
            raise ValueError(f"Recipe {file} has no key {key!r}, only {', '.join(_KEYS)}")
    for key in (*_WIDTHS, "method"):
        if key not in recipe:
            raise ValueError(f"Recipe {file} lacks {key!r}")
    if not isinstance(recipe.get("bits_of", []), list):
        raise ValueError(f"Recipe {file}: bits_of must be a list of rules PATTERN=BITS, not "
                         f"{recipe['bits_of']!r}")
    return recipe


recipe = click.option(
    "--recipe", type=options.FILE, is_eager=True, callback=_read,
    help="Widths, method and its options from a JSON file, as 'vit2rtl explore best' prints it: in "
         "the place of --bits, --bits-of, --method and what follows from it.")


def check_alone(file: str | None) -> None:
    """A usage error where the command line has a recipe and what the recipe says, too."""
    if file is None:
        return
    context = click.get_current_context()
    for parameter in context.command.params:
        if parameter.name in _PARAMETERS and context.get_parameter_source(
                parameter.name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(f"Option {parameter.opts[-1]} is what --recipe {file} says: "
                                   "leave one of them out")
