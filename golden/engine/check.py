"""Whether a program fits an engine: said before anything is compiled or simulated."""

from collections.abc import Iterable, Mapping

from vit2rtl.golden.engine.configuration import CONFIGURATIONS, Configuration
from vit2rtl.golden.engine.kinds import PLACEMENTS
from vit2rtl.golden.program.program import IntegerProgram, Op, Tensor


def check(program: IntegerProgram, configuration: Configuration) -> None:
    """A ValueError names the first op that does not fit, and why.

    program   of variant ``integer``
    """
    check_ops(program.variant, program.ops, program.tensors(), configuration)


def fitting(program: IntegerProgram) -> Configuration:
    """The first named configuration that the program fits; a ValueError where there is none."""
    problem = ""
    for configuration in CONFIGURATIONS.values():
        try:
            check(program, configuration)
        except ValueError as error:
            problem = str(error)
        else:
            return configuration
    raise ValueError(problem)


def check_ops(
    variant: str, ops: Iterable[Op], tensors: Mapping[str, Tensor], configuration: Configuration
) -> None:
    """The same of ops alone.

    variant   of their program
    tensors   {name: Tensor}: all that the ops take
    """
    if variant != "integer":
        raise ValueError(f"The engine runs programs of variant integer, not {variant}: "
                         "vit2rtl lower CHECKPOINT --variant integer makes one")
    for op in ops:
        if op.kind not in PLACEMENTS:
            raise ValueError(f"op {op.name!r}: the engine has no {op.kind}")
        inputs = [tensors[name] for name in op.inputs]
        if problem := PLACEMENTS[op.kind].limits(op, inputs, configuration):
            raise ValueError(
                f"op {op.name!r} does not fit the engine {configuration.name}: {problem}")
