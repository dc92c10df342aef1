"""Values of a file of TOML, each checked; a ValueError says which key is wrong, and what would be
right."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any


def check_keys(table: Mapping[str, Any], name: str, keys: Iterable[str]) -> None:
    """A ValueError that names a key of a table, or of the file (``""``), that is not known."""
    keys = [*keys]
    for key in table:
        if key not in keys:
            where = f"[{name}] has" if name else "there is"
            raise ValueError(f"{where} no key {key!r}, only {', '.join(keys)}")


def table_of(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The table of a name, empty where there is none."""
    table = data.get(name, {})
    if not isinstance(table, dict):
        raise ValueError(f"{name} must be a table, [{name}], not {table!r}")
    return table


def path_of(data: Mapping[str, Any], key: str, folder: Path) -> Path | None:
    """A path, from ``folder``."""
    value = data.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key} must be a path in quotes, not {value!r}")
    return folder / value


def whole(data: Mapping[str, Any], key: str, default: int, least: int) -> int:
    """An integer of at least ``least``."""
    value = data.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{key} must be an integer of at least {least}, not {value!r}")
    return value


def listed(
    table: Mapping[str, Any], name: str, key: str, check: Callable[[Any], None],
    default: Sequence[Any] = (),
) -> list[Any]:
    """The values of a key, a list or a single one, each checked and taken once."""
    given = table.get(key, [*default])
    values = given if isinstance(given, list) else [given]
    if not values:
        raise ValueError(f"[{name}] {key} must be a list of at least one value")
    for value in values:
        try:
            check(value)
        except ValueError as error:
            raise ValueError(f"[{name}] {key}: {error}") from None
    return [value for n, value in enumerate(values) if value not in values[:n]]


def one_of(choices: Sequence[Any]) -> Callable[[Any], None]:
    """A check for :func:`listed`."""

    def check(value: Any) -> None:
        if value not in choices or isinstance(value, bool) != (choices == (False, True)):
            named = ", ".join(str(choice).lower() if isinstance(choice, bool) else str(choice)
                              for choice in choices)
            raise ValueError(f"must be of {named}, not {value!r}")

    return check
