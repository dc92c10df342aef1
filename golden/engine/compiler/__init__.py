"""The compiler: an integer program to the engine's command stream."""

from vit2rtl.golden.engine.check import check
from vit2rtl.golden.engine.compiler.image import EngineImage, image_stream
from vit2rtl.golden.engine.compiler.lowering import Lowering
from vit2rtl.golden.engine.compiler.schedule import schedule
from vit2rtl.golden.engine.compiler.stages import Graph
from vit2rtl.golden.engine.compiler.timing import time
from vit2rtl.golden.engine.compiler.verify import verify
from vit2rtl.golden.engine.compiler.waits import assign
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import WORD, Destination
from vit2rtl.golden.program.program import IntegerProgram

GROUPS = 2


def compile(
    program: IntegerProgram, configuration: Configuration, *, groups: int = GROUPS
) -> EngineImage:
    """A program of variant ``integer`` for an engine.

    groups   of tokens: while one group waits, the other one's products are computed
    raises   ValueError naming the op that does not fit
    """
    _check_array(configuration)
    check(program, configuration)
    instructions = schedule([*Lowering(Graph(program, configuration), groups).steps()],
                            configuration)
    if instructions[-1].operands.get("destination") != Destination.OUTPUT:
        raise AssertionError("Logits must be what comes last")
    instructions[-1].operands["last"] = 1
    assign(instructions, configuration)
    time(instructions, configuration)
    return EngineImage(program, configuration, tuple(instructions), groups)


def _check_array(configuration: Configuration) -> None:
    """A word of what the epilogue makes is one of what the array takes."""
    c = configuration
    if (c.rows, c.epilogue_lanes) != (c.columns, WORD) or c.columns % WORD:
        raise ValueError(
            f"The engine has as many columns as rows, a multiple of {WORD}, and {WORD} epilogue "
            f"lanes, not {c.columns}, {c.rows} and {c.epilogue_lanes}")


__all__ = ["EngineImage", "compile", "image_stream", "verify"]
