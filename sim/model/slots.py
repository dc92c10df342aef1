"""How much of the array an image uses."""

from vit2rtl.golden.engine.compiler import EngineImage
from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.golden.program.program import Op


def used_slots(image: EngineImage) -> int:
    """Products that the array computes: of linear layers and of q·kᵀ, each once, whatever digits
    it takes; what fills up tiles does not count."""
    ops = {op.name: op for op in image.program.ops}
    makers = {op.output.name: op for op in image.program.ops}

    def inner(op: Op) -> int:
        if op.kind == "linear":
            return int(op.tensors["weight"].shape[1])
        return makers[op.inputs[0]].output.shape[-1] // int(op.attributes["heads"])

    return sum(
        len(one.work.rows) * len(one.work.filled()) * inner(ops[one.work.op])
        for one in image.instructions if one.unit == Unit.MATMUL)
