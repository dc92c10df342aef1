"""Whether a program fits an engine: said before anything is compiled or simulated."""

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.kinds import PLACEMENTS
from vit2rtl.golden.program.program import IntegerProgram


def check(program: IntegerProgram, configuration: Configuration) -> None:
    """A ValueError names the first op that does not fit, and why.

    program   of variant ``integer``
    """
    if program.variant != "integer":
        raise ValueError(f"The engine runs programs of variant integer, not {program.variant}")
    tensors = program.tensors()
    for op in program.ops:
        if op.kind not in PLACEMENTS:
            raise ValueError(f"op {op.name!r}: the engine has no {op.kind}")
        inputs = [tensors[name] for name in op.inputs]
        if problem := PLACEMENTS[op.kind].limits(op, inputs, configuration):
            raise ValueError(
                f"op {op.name!r} does not fit the engine {configuration.name}: {problem}")
