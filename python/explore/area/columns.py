"""What a column of W × A bits takes: the committed table, and a fit for what is not in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from vit2rtl.rtl.synthesis import components

_TABLE = range(min(components.WIDTHS), max(components.WIDTHS) + 1)
# By device: what of a column is logic, and its registers.
COUNTS = {"ecp5": ("COMB", "FF"), "xcup": ("LUT", "FF")}


@dataclass(frozen=True)
class Column:
    """Cells of a column of ``rows`` multiply-accumulates.

    source  ``table`` where it was measured, else ``fit``
    error   of a fit, relative, of the logic: the largest of those that leave a row out; None of
            the table
    """

    cells: Mapping[str, float]
    source: str
    error: float | None


@cache
def measured(device: str) -> Mapping[tuple[int, int, int], Mapping[str, int]]:
    """``{(rows, weights, activations): cells}`` of the committed table."""
    return {
        (row["parameters"]["rows"], row["parameters"]["weights"],
         row["parameters"]["activations"]): row["cells"]
        for row in components.whole()
        if row["source"] == components.COLUMN and row["device"] == device
    }


def column(rows: int, weights: int, activations: int, device: str) -> Column:
    """Cells of a column of ``rows`` products of W × A bits, by name.

    Other numbers of rows than the table's: by the product, and what a product of fewer rows costs
    more, which is measured where W = A.

    device  ``ecp5`` or ``xcup``
    raises  ValueError for widths or rows below 1
    """
    for name, value in (("Rows", rows), ("Weights", weights), ("Activations", activations)):
        if type(value) is not int or value < 1:
            raise ValueError(f"{name} must be an integer above 0, not {value!r}")
    table = measured(device)
    if cells := table.get((rows, weights, activations)):
        return Column({name: cells[name] for name in COUNTS[device]}, "table", None)
    # What a product of a column half as long costs more.
    shorter = {
        name: [2 * table[components.NARROW_ROWS, w, w][name] / table[components.ROWS, w, w][name]
               - 1 for w in _TABLE] for name in COUNTS[device]
    }
    beyond = components.ROWS / rows - 1
    scale = {name: rows * (1 + float(np.mean(shorter[name])) * beyond) / components.ROWS
             for name in COUNTS[device]}
    whole: Mapping[str, float] | None = table.get((components.ROWS, weights, activations))
    logic = COUNTS[device][0]
    error = abs(beyond) * max(abs(one - np.mean(shorter[logic])) for one in shorter[logic])
    if whole is None:
        whole = {name: float(_terms(weights, activations) @ coefficients(device, name))
                 for name in COUNTS[device]}
        error += leave_one_out(device)
    return Column({name: whole[name] * scale[name] for name in COUNTS[device]}, "fit",
                  float(error))


def _terms(weights: int, activations: int) -> np.ndarray:
    """``a + b · W A + c · A + d · W``: explore.md compares it with others."""
    return np.array([1.0, weights * activations, activations, weights])


@cache
def coefficients(device: str, name: str, without: tuple[int, int] | None = None) -> np.ndarray:
    """float64[4]: of :func:`_terms`, by least squares of relative errors over the table's widths.

    without  widths (W, A) that are left out
    """
    widths = [(w, a) for w in _TABLE for a in _TABLE if (w, a) != without]
    cells = np.array([measured(device)[components.ROWS, w, a][name] for w, a in widths], float)
    terms = np.array([_terms(w, a) for w, a in widths]) / cells[:, None]
    return np.linalg.lstsq(terms, np.ones(len(widths)), rcond=None)[0]


@cache
def leave_one_out(device: str) -> float:
    """Largest relative error of the fit of logic, at widths that it was made without."""
    name = COUNTS[device][0]
    return max(
        abs(float(_terms(w, a) @ coefficients(device, name, (w, a)))
            / measured(device)[components.ROWS, w, a][name] - 1)
        for w in _TABLE for a in _TABLE)
