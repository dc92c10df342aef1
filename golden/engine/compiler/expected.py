"""What each unit must give, beat by beat: golden's tensors in the order of the instructions.

A bench that watches the units' exits compares with it, and names the first element that differs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vit2rtl.golden.engine.compiler.image import EngineImage
from vit2rtl.golden.engine.compiler.instruction import Instruction, Work
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import WORD, Unit
from vit2rtl.golden.engine.placement import NOWHERE

# The unit whose exit each one is; the last one is that of the activation's table.
TAPS = {"epilogue": Unit.EPILOGUE, "table": Unit.EPILOGUE, "layernorm": Unit.LAYERNORM,
        "softmax": Unit.SOFTMAX, "attention": Unit.ATTENTION}


@dataclass(frozen=True)
class Place:
    """An element: of which tensor, where in it, and whose instruction gives it.

    index        in the tensor's shape: token and channel; head, query and key of attention
    instruction  its number in the stream
    """

    op: str
    tensor: str
    index: tuple[int, ...]
    instruction: int


@dataclass(frozen=True)
class Expected:
    """What one tap must give.

    values        int64[beats, lanes]
    places        int64[beats, lanes]: of each element in its tensor, flattened; ``NOWHERE`` where
                  whatever the unit gives is dropped, and the value is 0
    instructions  int64[beats]: numbers in the stream
    """

    values: np.ndarray
    places: np.ndarray
    instructions: np.ndarray

    def differs(self, given: np.ndarray) -> np.ndarray:
        """bool[beats, lanes] of as many beats as a tap gave so far."""
        count = len(given)
        return (self.values[:count] != given) & (self.places[:count] != NOWHERE)


def expected(image: EngineImage, tensors: Mapping[str, np.ndarray]) -> dict[str, Expected]:
    """For each of :data:`TAPS`.

    tensors   {name: int[*shape]}: what the program's ops give for one image, of all of
              :func:`watched`
    """
    return {tap: _of_tap(tap, image, tensors) for tap in TAPS}


def watched(image: EngineImage) -> list[str]:
    """Names of the tensors whose elements leave a unit."""
    names = {name: None for one in image.instructions if one.unit in TAPS.values()
             for name in (one.work.tensor, one.work.table) if name}
    return [*names]


def place(image: EngineImage, tap: str, wanted: Expected, beat: int, lane: int) -> Place:
    """Which element a lane of a beat is; a ValueError where it is none."""
    index = int(wanted.places[beat, lane])
    if index == NOWHERE:
        raise ValueError(f"Lane {lane} of beat {beat} of {tap} is no element")
    number = int(wanted.instructions[beat])
    work = image.instructions[number].work
    name = _tensor(tap, work)
    shape = image.program.tensors()[name].shape
    return Place(work.op, name, tuple(map(int, np.unravel_index(index, shape))), number)


def _tensor(tap: str, work: Work) -> str:
    return work.table if tap == "table" else work.tensor


def _of_tap(tap: str, image: EngineImage, tensors: Mapping[str, np.ndarray]) -> Expected:
    shapes = {name: tensor.shape for name, tensor in image.program.tensors().items()}
    values, places, numbers = [], [], []
    for number, one in enumerate(image.instructions):
        if one.unit != TAPS[tap]:
            continue
        name = _tensor(tap, one.work)
        where = _places(one, shapes[name or one.work.tensor], image.configuration)
        if not name:
            where = np.full_like(where, NOWHERE)
        flat = np.asarray(tensors[name], np.int64).reshape(-1) if name else np.zeros(1, np.int64)
        values.append(np.where(where == NOWHERE, 0, flat[where]))
        places.append(where)
        numbers.append(np.full(len(where), number))
    if not values:
        nothing = np.zeros((0, 1), np.int64)
        return Expected(nothing, nothing, nothing[:, 0])
    return Expected(np.concatenate(values), np.concatenate(places), np.concatenate(numbers))


def _places(one: Instruction, shape: Sequence[int], c: Configuration) -> np.ndarray:
    """int64[beats, lanes], in the order in which the unit gives them."""
    work = one.work
    match one.unit:
        case Unit.EPILOGUE:
            # Row by row; the columns of a tile in words.
            columns = work.columns[:one.operands["groups"] * WORD]
            if work.kind == "query_key":
                return _grid(work, columns, work.rows, shape).T.reshape(-1, WORD)
            return _grid(work, work.rows, columns, shape).reshape(-1, WORD)
        case Unit.LAYERNORM:
            channels = _filled(work.columns, c.layernorm_lanes)
            return _grid(work, work.rows, channels, shape).reshape(-1, c.layernorm_lanes)
        case Unit.SOFTMAX:
            # A group of queries side by side, key by key; then the next group.
            queries = _filled(work.filled(), c.softmax_lanes)
            codes = _grid(work, queries, work.rows, shape)
            groups = codes.reshape(-1, c.softmax_lanes, len(work.rows))
            return groups.swapaxes(1, 2).reshape(-1, c.softmax_lanes)
        case Unit.ATTENTION:
            # A block of queries: tile by tile of its channels, query by query.
            queries = _filled([*work.rows], c.attention_rows)
            results = _grid(work, queries, work.columns, shape)
            tiles = len(work.columns) // c.columns
            blocks = results.reshape(-1, c.attention_rows, tiles, c.columns)
            return blocks.swapaxes(1, 2).reshape(-1, 1)
    raise ValueError(f"Unit {one.unit} has no tap")


def _filled(numbers: Sequence[int], size: int) -> list[int]:
    return [*numbers, *[NOWHERE] * (-len(numbers) % size)]


def _grid(
    work: Work, rows: Sequence[int], columns: Sequence[int], shape: Sequence[int]
) -> np.ndarray:
    """int64[rows, columns]: places in a tensor, of its head where it has heads."""
    row, column = np.array(rows)[:, np.newaxis], np.array(columns)
    start = 0 if work.head is None or len(shape) < 3 else work.head * shape[-2]
    index = (start + row) * shape[-1] + column
    return np.where((row == NOWHERE) | (column == NOWHERE), NOWHERE, index)
