"""Run an integer program with numpy."""

from collections.abc import Collection, Iterator, Sequence
from typing import overload

import numpy as np

from vit2rtl.golden.arithmetic.integers import check, integers
from vit2rtl.golden.program.kinds import KINDS
from vit2rtl.golden.program.program import IntegerProgram, Op

# Images that go through the program together: their tensors stay in the cache.
TOGETHER = 2


@overload
def execute(
    program: IntegerProgram, image_codes: np.ndarray, *, record: Collection[str]
) -> tuple[np.ndarray, dict[str, np.ndarray]]: ...


@overload
def execute(program: IntegerProgram, image_codes: np.ndarray) -> np.ndarray: ...


def execute(
    program: IntegerProgram, image_codes: np.ndarray, *, record: Collection[str] = ()
) -> np.ndarray | tuple[np.ndarray, dict[str, np.ndarray]]:
    """Logits of images.

    image_codes  int[images, channels, height, width], codes of the program's image tensor; Python
                 integers (``dtype=object``) keep the whole run of variant ``integer`` on them
    record       names of tensors to return as well
    returns      logits [images, classes] as the last op gives them, see ``program.logits``; with
                 ``record`` a pair, of them and {name: array [images, *shape]}
    raises       ValueError for codes out of range and accumulators above their bound
    """
    codes = _checked(program, image_codes)
    unknown = sorted(set(record) - set(program.tensors()))
    if unknown:
        raise ValueError(f"The program has no tensor {unknown[0]!r}")
    wanted = {*record, program.logits.name}
    parts: dict[str, list[np.ndarray]] = {name: [] for name in wanted}
    for start in range(0, len(codes), TOGETHER):
        for name, array in _run(program, codes[start:start + TOGETHER], wanted):
            parts[name].append(array)
    results = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    logits = results[program.logits.name]
    return (logits, {name: results[name] for name in record}) if record else logits


def stages(
    program: IntegerProgram, image_codes: np.ndarray, wanted: Collection[str]
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield (name, array [images, *shape]) of the wanted tensors, each as soon as it is made.

    For a few images: all of them go through the program together. See :func:`execute`, which keeps
    what this lets go.
    """
    yield from _run(program, _checked(program, image_codes), wanted)


def run_op(op: Op, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """One op on arrays with the images as their first axis."""
    return KINDS[op.kind].compute(op, inputs)


def _checked(program: IntegerProgram, image_codes: np.ndarray) -> np.ndarray:
    codes = integers("Image code", image_codes)
    if codes.ndim != 4 or codes.shape[1:] != tuple(program.image.shape):
        raise ValueError(f"Image codes must have the shape (images, "
                         f"{', '.join(map(str, program.image.shape))}), not {codes.shape}")
    if not len(codes):
        raise ValueError("There must be at least one image")
    check("Image code", codes, *program.image.limits())
    return codes


def _run(
    program: IntegerProgram, codes: np.ndarray, wanted: Collection[str]
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield (name, array) of the wanted tensors; others are let go after their last use."""
    last = {name: n for n, op in enumerate(program.ops) for name in op.inputs}
    alive = {program.image.name: codes}
    if program.image.name in wanted:
        yield program.image.name, codes
    for n, op in enumerate(program.ops):
        output = run_op(op, [alive[name] for name in op.inputs])
        alive[op.output.name] = output
        if op.output.name in wanted:
            yield op.output.name, output
        for name in {*op.inputs}:
            if last[name] == n:
                del alive[name]
