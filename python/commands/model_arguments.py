"""``--model-arg NAME=VALUE``: arguments of a timm model."""

import ast
import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any


def parse_arguments(pairs: Iterable[str]) -> dict[str, Any]:
    """What ``--model-arg NAME=VALUE`` says."""
    arguments = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.isidentifier():
            raise ValueError(f"Model argument must look like img_size=384, not {pair!r}")
        arguments[name] = _value(value)
    return arguments


def _value(text: str) -> Any:
    """What a command line says in JSON or Python, ``false`` or ``False``; else the text itself."""
    with suppress(ValueError, RecursionError):
        return json.loads(text)
    try:
        return json.loads(json.dumps(ast.literal_eval(text)))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return text
