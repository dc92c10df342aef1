"""Run an integer program with numpy."""

import numpy as np

from vit2rtl.golden.arithmetic.integers import check, integers
from vit2rtl.golden.program import ops, ops_float

# Images that go through the program together: their tensors stay in the cache.
TOGETHER = 2

KINDS = {
    "patches": ops.patches,
    "linear": ops.linear,
    "query_key": ops.query_key,
    "softmax": ops.softmax_codes,
    "softmax_float": ops_float.softmax,
    "attention_value": ops.attend,
    "layernorm": ops.layer_norm,
    "layernorm_float": ops_float.layer_norm,
    "table": ops.table,
    "embed": ops.embed,
    "embed_float": ops_float.embed,
    "add": ops.add,
    "add_float": ops_float.add,
    "select": ops.select,
    "gather": ops.gather,
    "real_float": ops_float.real,
    "pool": ops.pool,
    "pool_float": ops_float.pool,
    "average": ops.average,
    "average_float": ops_float.average,
}


def execute(program, image_codes, *, record=()):
    """Logits of images.

    program      :class:`vit2rtl.golden.program.program.IntegerProgram`
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
    kept = {name: [] for name in wanted}
    for start in range(0, len(codes), TOGETHER):
        for name, array in _run(program, codes[start:start + TOGETHER], wanted):
            kept[name].append(array)
    results = {name: np.concatenate(parts) for name, parts in kept.items()}
    logits = results[program.logits.name]
    return (logits, {name: results[name] for name in record}) if record else logits


def stages(program, image_codes, wanted):
    """Yield (name, array [images, *shape]) of the wanted tensors, each as soon as it is made.

    For a few images: all of them go through the program together. See :func:`execute`, which keeps
    what this lets go.
    """
    yield from _run(program, _checked(program, image_codes), wanted)


def run_op(op, inputs):
    """One op on arrays with the images as their first axis."""
    return KINDS[op.kind](op, *inputs)


def _checked(program, image_codes):
    codes = integers("Image code", image_codes)
    if codes.ndim != 4 or codes.shape[1:] != tuple(program.image.shape):
        raise ValueError(f"Image codes must have the shape (images, "
                         f"{', '.join(map(str, program.image.shape))}), not {codes.shape}")
    if not len(codes):
        raise ValueError("There must be at least one image")
    check("Image code", codes, *program.image.limits())
    return codes


def _run(program, codes, wanted):
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
