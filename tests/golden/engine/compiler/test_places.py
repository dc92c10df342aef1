"""Where tensors lie and results go, by hand: 14 tokens of eight channels, on four columns.

Codes have six bits, two digits; v has four; ten hidden channels; two heads of nine classes.
"""

from tests.golden.engine.compiler.engines import TINY
from tests.golden.engine.compiler.random_programs import random_program
from vit2rtl.golden.engine.compiler.places import Places
from vit2rtl.golden.engine.compiler.stages import Graph, stages

EIGHT = [[0, 1, 2, 3], [4, 5, 6, 7]]
TEN = [*EIGHT, [8, 9, -1, -1]]
NINE = [*EIGHT, [8, -1, -1, -1]]
# Of a tensor: buffer, base, words of a row, words of a tile, channels.
REGIONS = {
    "x": ("stream", 0, 2, 1, EIGHT),
    "0.attn.normed": ("normalized", 0, 4, 2, EIGHT),
    "0.attn.q": ("queries", 0, 4, 2, EIGHT),
    "0.attn.k": ("keys", 0, 4, 2, EIGHT),
    "0.attn.v": ("values", 0, 2, 1, EIGHT),
    "0.attn.mixed": ("attended", 0, 4, 2, EIGHT),
    "0.attn.add.out": ("stream", 0, 2, 1, EIGHT),
    "0.mlp.normed": ("normalized", 0, 4, 2, EIGHT),
    "0.mlp.active": ("hidden", 0, 6, 2, TEN),
    "0.mlp.add.out": ("stream", 0, 2, 1, EIGHT),
    "token0": ("stream", 0, 2, 1, EIGHT),
    "token1": ("stream", 2, 2, 1, EIGHT),
    "normed0": ("normalized", 0, 4, 2, EIGHT),
    "normed1": ("normalized", 0, 4, 2, EIGHT),
    # The first head's logits wait behind 14 tokens of two words.
    "head0": ("stream", 28, 2, 1, NINE),
    "logits": ("stream", 28, 2, 1, NINE),
}
# Of a linear layer: where to, the tensor, rows to skip, whether it is added, its table, its region.
TARGETS = {
    "proj": ("STREAM", "x", 2, True, None, "x"),
    "0.attn.q": ("QUERIES", "0.attn.q", 0, False, None, "0.attn.q"),
    "0.attn.k": ("KEYS", "0.attn.k", 0, False, None, "0.attn.k"),
    "0.attn.v": ("VALUES", "0.attn.v", 0, False, None, "0.attn.v"),
    "0.attn.proj": ("STREAM", "0.attn.add.out", 0, True, None, "x"),
    "0.mlp.fc1": ("HIDDEN", "0.mlp.fc1", 0, False, "0.mlp.act", "0.mlp.active"),
    "0.mlp.fc2": ("STREAM", "0.mlp.add.out", 0, True, None, "x"),
    "head0": ("STREAM", "head0", 0, False, None, "head0"),
    "head1": ("OUTPUT", "logits", 0, True, None, "head0"),
}


def places():
    program = random_program(1, bits=6, hidden=10, prefix=2, ends=2, classes=9)
    graph = Graph(program, TINY)
    return Places(graph, stages(graph))


def test_regions():
    assert {name: (one.buffer, one.base, one.row_stride, one.tile_stride, one.channels.tolist())
            for name, one in places().regions.items()} == REGIONS


def test_targets():
    ours = places()
    assert {
        name: (one.destination.name, one.tensor, one.offset, one.add,
               one.table.name if one.table else None, one.region.buffer, one.region.base)
        for name, one in ours.targets.items()
    } == {name: (*rest, *REGIONS[region][:2]) for name, (*rest, region) in TARGETS.items()}
