"""One element of an op's output worked by hand: the lines that a bundle's README shows.

A kind's ``by_hand`` reads the files just written and nothing else, computes in Python's integers,
and compares with what the files expect.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

# A tensor, a constant or an op as the manifest of the vectors describes it.
Described = Mapping[str, Any]


class Page(Protocol):
    """The files of a bundle.

    tensors  {name: description}, with ``file``, ``bits``, ``signed``, ``zero_point``, ``layout``
    """

    @property
    def tensors(self) -> Mapping[str, Described]: ...

    def constants(self, op: Described) -> Mapping[str, Described]:
        """{role: description} of an op's constants."""

    def row(self, array: Described, number: int) -> list[int]:
        """A row of a tensor or constant, as Python numbers."""


def last_element(tensor: Described) -> tuple[int, int]:
    """Row and column of the last element."""
    return tensor["layout"]["rows"] - 1, tensor["layout"]["columns"] - 1


def term(value: int) -> str:
    """A number in a sum."""
    return f"({value})" if value < 0 else f"{value}"


def limits(tensor: Described, above: int = 0) -> tuple[int, int]:
    """Smallest and largest code, the ``above`` smallest left out."""
    half = 1 << (tensor["bits"] - 1)
    return (above - half, half - 1) if tensor["signed"] else (above, 2 * half - 1)


def requantized(
    page: Page, target: Described, place: tuple[int, int], acc: int, factor: tuple[int, int],
    *, above: int = 0,
) -> Iterator[str]:
    """The lines of R1 on one accumulator.

    place   row and column of the output
    factor  multiplier and shift
    """
    multiplier, shift = factor
    low, high = limits(target, above)
    scaled = acc * multiplier + (1 << (shift - 1)) >> shift
    zero_point = target["zero_point"]
    code = min(max(scaled + zero_point, low), high)
    yield f"    ({term(acc)}·{multiplier} + 2^{shift - 1}) >> {shift} = {scaled}"
    yield f"    {scaled} + {term(zero_point)}, at least {low} and at most {high}, is {code}"
    yield from expected(page, target, place, code)


def expected(page: Page, target: Described, place: tuple[int, int], value: int) -> Iterator[str]:
    """The line that names the result; a ValueError if the file has another one."""
    row, column = place
    stated = page.row(target, row)[column]
    if stated != value:
        raise ValueError(f"{target['file']}, row {row}, column {column} is {stated}, not {value}")
    yield f"    {value}, as row {row}, column {column} of {target['file']} has it"
