"""Cycles from shapes and widths alone: those of the compiled program, and of the Verilog."""

import json

import pytest

from vit2rtl.explore import schedule
from vit2rtl.explore.schedule import Array, Synthetic, configuration
from vit2rtl.explore.shapes import Shapes
from vit2rtl.golden.engine import compiler
from vit2rtl.golden.engine.check import check
from vit2rtl.golden.engine.configuration import SMALL

from ...every import long

# Counted in the Verilog: of mnist_vit W4/A4 on `small`, of DeiT-Tiny W4/A4 on `deit-tiny`.
SMALL_RTL, DEIT_TINY_RTL = 145_742, 4_489_571
WITHIN = 0.01


@pytest.fixture(scope="session")
def shapes(network):
    return network.shapes


def cycles(shapes, widths, columns, base, groups=2):
    result = schedule.cycles({"columns": columns, "base": base, "groups": groups},
                             shapes=json.loads(json.dumps(shapes.as_dict())), widths=widths)
    assert 0 < result["utilization"] < 1
    return result["cycles"]


def test_cycles_are_those_of_the_verilog(shapes):
    found = cycles(shapes, shapes.widths(4, 4), 8, 4)
    assert abs(found / SMALL_RTL - 1) < WITHIN


@pytest.mark.parametrize(("bits", "array", "groups"), [
    ("w4a4", Array(8, 4), 1), ("w8a8", Array(16, 4), 2), ("w6a6", Array(8, 6), 2),
])
def test_cycles_are_those_of_the_compiled_program(program, shapes, bits, array, groups):
    """Of the real weights, on the engine that shapes and widths alone have given."""
    real = program(bits)
    widths = shapes.widths(int(bits[1]), int(bits[3]))
    engine = configuration(Synthetic(shapes, widths).program(), array)
    check(real, engine)
    due = compiler.compile(real, engine, groups=groups).cycles
    assert abs(cycles(shapes, widths, array.columns, array.base, groups) / due - 1) < WITHIN


def test_the_engine_is_about_the_one_made_by_hand(shapes):
    engine = configuration(Synthetic(shapes, shapes.widths(4, 4)).program(), Array(8, 4, 6))
    told = {name: (value, getattr(SMALL, name)) for name, value in vars(engine).items()
            if value != getattr(SMALL, name)}
    assert told == {"name": ("8x8", "small"), "attention_acc_width": (13, 14),
                    "acc_width": (16, 18)}


def test_widths_by_layer_count(shapes):
    """A digit more of one layer's weights costs its own passes again."""
    uniform = cycles(shapes, shapes.widths(4, 4), 8, 4)
    one = cycles(shapes, shapes.widths(4, 4, ("blocks.1.mlp.fc1.*=w8a4",)), 8, 4)
    # 50 rows through 32 x 8 tiles of 8 x 8 once more.
    assert abs((one - uniform) / (50 * 32 * 8) - 1) < 0.1


def test_one_wide_row_takes_room_in_all(shapes):
    """Rows of a buffer are as long as its longest, here that of the head's one token."""
    widths = shapes.widths(4, 4, ("head.*=8",))
    engine = configuration(Synthetic(shapes, widths).program(), Array(8, 4))
    assert engine.normalized == 2 * SMALL.normalized
    assert cycles(shapes, widths, 8, 4) > cycles(shapes, shapes.widths(4, 4), 8, 4)


def test_layers_have_the_widths_of_their_rules(shapes):
    mixed = shapes.layers(shapes.widths(4, 5, ("blocks.0.mlp.fc1.*=w3a6",)))
    assert [*mixed][:3] == ["patch_embed.proj", "blocks.0.attn.qkv", "blocks.0.attn.proj"]
    assert (mixed["blocks.0.mlp.fc1"], mixed["patch_embed.proj"], mixed["head"]) == (
        (3, 6), (4, 8), (4, 5))


@long
def test_deit_tiny_takes_what_its_verilog_took():
    from vit2rtl.explore.network import network
    from vit2rtl.models import zoo
    from vit2rtl.models.library import timm

    model = "deit_tiny_patch16_224"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zoo, "create", lambda name, weights: timm.create_model(name).eval())
        data = network({"model": model}, weights=None, images=None)
    found = Shapes.of_dict(data["shapes"])
    assert abs(cycles(found, found.widths(4, 4), 16, 4) / DEIT_TINY_RTL - 1) < WITHIN
