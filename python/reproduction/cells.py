"""Cells of a table: what each is measured with, and the file that keeps what was measured."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vit2rtl import __version__
from vit2rtl.golden.files import atomic
from vit2rtl.reproduction.published import MODELS, Line, Table

CELLS = "cells"
# Searches take minutes where others take seconds: they come last.
_SLOW = ("ptq4vit", "apq", "psaq", "ranking")


@dataclass(frozen=True)
class Cell:
    """A line of a table for one model; ``model`` is a key of :data:`published.MODELS`."""

    model: str
    line: Line


@dataclass(frozen=True)
class Setup:
    """What all cells of a model share.

    weights      SHA-256 of their file, or where they come from
    calibration  names of the images, and those of the images that are measured
    generated    what method psaq's images depend on beside the model: iterations and seed
    """

    name: str
    weights: str
    calibration: Sequence[str]
    measured: Sequence[str]
    generated: Mapping[str, int] = field(default_factory=dict)

    def identity(self, recipe: dict[str, Any] | None) -> dict[str, Any]:
        """All that a result depends on, as JSON data."""
        calibration: Any = None
        if recipe:
            calibration = (dict(self.generated) if recipe["method"] == "psaq"
                           else digest(self.calibration))
        return {
            "model": self.name, "weights": self.weights, "recipe": recipe,
            "calibration": calibration,
            "measured": digest(self.measured), "images": len(self.measured),
            "vit2rtl": __version__,
        }


def cells_of(
    table: Table, models: Iterable[str], bits: Collection[str], methods: Collection[str],
    without: Collection[str] = (),
) -> list[Cell]:
    """Those that can be run, cheap methods first.

    bits, methods   empty for all of them
    without         methods that lack something
    """
    found = []
    for model in models:
        for line in table.lines:
            whole = not line.bits
            if whole or (line.runs(model) and (not bits or line.bits in bits)
                         and (not methods or line.method in methods)
                         and line.method not in without):
                found.append(Cell(model, line))
    return sorted(found, key=lambda cell: cell.line.method in _SLOW)


def check_names(models: Iterable[str]) -> None:
    """A ValueError unless these are models of the tables."""
    for model in models:
        if model not in MODELS:
            raise ValueError(f"Models must be of {', '.join(MODELS)}, not {model!r}")


class Store:
    """A folder of results, a file each, named by the SHA-256 of what they depend on."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def find(self, identity: dict[str, Any]) -> dict[str, Any] | None:
        """What was measured, if it was."""
        path = self._path(identity)
        if not path.is_file():
            return None
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            if kept["identity"] == identity and isinstance(kept["result"], dict):
                return kept["result"]
        except (ValueError, KeyError, TypeError):
            pass
        raise ValueError(f"{path} is no result of this command: move it away")

    def keep(self, identity: dict[str, Any], result: dict[str, Any]) -> None:
        """Whole or not at all."""
        path = self._path(identity)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"identity": identity, "result": result}, indent=1, sort_keys=True)
        atomic.text(path, text + "\n")

    def _path(self, identity: dict[str, Any]) -> Path:
        return self.folder / CELLS / f"{digest(identity)}.json"


def measured(
    title: str, lines: Sequence[Any], cells: Sequence[Any], benches: Mapping[str, Any],
    store: Store,
) -> dict[tuple[int, str], dict[str, Any]]:
    """Results of all cells by place of the line and model; those that are not kept yet are
    measured, with a bar of progress named ``title``.

    lines    of the table
    cells    each a ``line`` of them for a ``model``
    benches  of each model: ``identity(line)`` and ``measure(line)``
    """
    from tqdm import tqdm

    place = {id(line): n for n, line in enumerate(lines)}
    results = {}
    with tqdm(cells, desc=title, unit="cell", leave=False, disable=None) as bar:
        for cell in bar:
            bench = benches[cell.model]
            identity = bench.identity(cell.line)
            result = store.find(identity)
            if result is None:
                result = bench.measure(cell.line)
                store.keep(identity, result)
            results[place[id(cell.line)], cell.model] = result
    return results


def digest(value: Any) -> str:
    """SHA-256 of JSON data, an object or a list."""
    text = json.dumps(value if isinstance(value, dict) else [*value], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
