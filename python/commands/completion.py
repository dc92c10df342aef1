"""What the shell completes: units, models, ops, without importing torch, timm or amaranth."""

import json
import re
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from vit2rtl.golden.program.program import GRAPH
from vit2rtl.golden.units import UNITS
from vit2rtl.origin import EMBEDDED

# timm's files that have the supported families. To import timm takes seconds; to read these, none.
TIMM_FILES = ("deit", "swin_transformer", "vision_transformer")
_REGISTERED = re.compile(r"^@register_model\ndef (\w+)\(", re.MULTILINE)


def units(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of hardware units."""
    return _starting(UNITS, incomplete)


def instances(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of hardware units, and of their instances in the bundle that was given before."""
    entries = _document(_given(context, "bundle"), "manifest.json").get("entries", [])
    return _starting([*UNITS, *_names(entries)], incomplete)


def models(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[str] | list[CompletionItem]:
    """The embedded model, what timm has in the files of supported families, or else folders."""
    names = _starting([EMBEDDED, *_timm_names()], incomplete)
    return names or [CompletionItem(incomplete, type="dir")]


def ops(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of the ops of the program that was given before."""
    graph = _document(_given(context, "source"), GRAPH)
    return _starting(_names(graph.get("ops", [])), incomplete)


def _given(context: click.Context, name: str) -> Any:
    """The first argument of a command: unparsed where an option still waits for its value."""
    return context.params.get(name) or next(iter(context.args), None)


def _starting(names: Iterable[str], incomplete: str) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))


def _timm_names() -> list[str]:
    spec = find_spec("timm")
    if spec is None or spec.origin is None:
        return []
    folder = Path(spec.origin).parent / "models"
    files = [folder / f"{name}.py" for name in TIMM_FILES]
    return [name for file in files if file.is_file()
            for name in _REGISTERED.findall(file.read_text(encoding="utf-8"))]


def _document(folder: Any, name: str) -> dict[str, Any]:
    """A JSON object of a folder; an empty one where there is none, as nothing may be said here."""
    try:
        document = json.loads((Path(folder) / name).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _names(entries: Any) -> list[str]:
    """What entries of a document are called, whatever else is in it."""
    entries = entries if isinstance(entries, list) else []
    named = (entry.get("name") for entry in entries if isinstance(entry, dict))
    return [name for name in named if isinstance(name, str)]
