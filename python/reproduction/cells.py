"""Cells of a table: which are run, and what the figures of each depend on."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vit2rtl import __version__
from vit2rtl.farm.task import digest
from vit2rtl.reproduction.published import MODELS, Line, Table

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
                           else digest([*self.calibration]))
        return {
            "model": self.name, "weights": self.weights, "recipe": recipe,
            "calibration": calibration,
            "measured": digest([*self.measured]), "images": len(self.measured),
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


def places(lines: Sequence[Any], cells: Sequence[Any]) -> list[tuple[int, str]]:
    """Of each cell the place of its line in a table's lines, and its model."""
    place = {id(line): n for n, line in enumerate(lines)}
    return [(place[id(cell.line)], cell.model) for cell in cells]
