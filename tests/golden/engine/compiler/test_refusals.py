"""Programs that the engine has no way for: refused by one sentence that names the op."""

from dataclasses import replace

import pytest

from tests.golden.engine.compiler.engines import TINY
from tests.golden.engine.compiler.random_programs import random_program
from vit2rtl.golden.engine.compiler import compile
from vit2rtl.golden.program.program import Op


def refusal(change, configuration=TINY):
    program = random_program(5)
    change(program, {op.name: op for op in program.ops})
    with pytest.raises(ValueError) as raised:
        compile(program, configuration)
    return str(raised.value)


def input_of(name, place, tensor):
    """An op takes another tensor."""
    def change(program, ops):
        inputs = list(ops[name].inputs)
        inputs[place] = tensor
        ops[name].inputs = tuple(inputs)
    return change


def taken_twice(program, ops):
    """A select takes a linear layer's output besides."""
    q = ops["0.attn.q"].output
    program.ops.insert(7, Op("also", "select", (q.name,), replace(q, name="also"),
                             {"tokens": [*range(q.shape[0])]}))


def table_taken_twice(program, ops):
    """A select takes codes behind the activation besides."""
    active = ops["0.mlp.act"].output
    program.ops.insert(program.ops.index(ops["0.mlp.fc2"]), Op(
        "also", "select", (active.name,), replace(active, name="also"),
        {"tokens": [*range(active.shape[0])]}))


def no_linear_layer_behind(program, ops):
    for name in ("0.mlp.fc1", "0.mlp.act", "0.mlp.fc2"):
        program.ops.remove(ops[name])
    ops["0.mlp.add"].inputs = ("0.attn.add.out", "0.mlp.normed")


def no_residual_stream(program, ops):
    program.ops.remove(ops["embed"])
    for op in program.ops:
        op.inputs = tuple("embedded" if name == "x" else name for name in op.inputs)


def two_linear_layers_of_patches(program, ops):
    """The second one goes nowhere."""
    proj = ops["proj"]
    program.ops.insert(2, replace(proj, name="again", output=replace(proj.output, name="again")))


def softmax_of_others(program, ops):
    """Of what no query and key made."""
    softmax = ops["0.attn.softmax"]
    program.ops.insert(program.ops.index(softmax), replace(
        softmax, name="also", inputs=("0.attn.normed",),
        output=replace(softmax.output, name="also")))


def uneven(program, ops):
    token = ops["token0"]
    token.attributes["tokens"] = [0, 1, 3]
    for name in ("token0", "norm0", "head0"):
        ops[name].output = replace(ops[name].output, shape=(3, ops[name].output.shape[1]))


def features(program, ops):
    program.ops.remove(ops["head0"])
    ops["logits"].inputs = ("token0",)


@pytest.mark.parametrize(("change", "text"), [
    (taken_twice, "op '0.attn.q' does not fit the engine tiny: its output must go to one op of an "
                  "attention"),
    (input_of("0.attn.query_key", 0, "0.attn.normed"),
     "op '0.attn.query_key' does not fit the engine tiny: its inputs must come from linear layers"),
    (input_of("0.mlp.add", 1, "0.attn.add.out"),
     "op '0.mlp.fc2' does not fit the engine tiny: the engine has no buffer for its output, which "
     "goes to nothing"),
    (input_of("0.mlp.add", 0, "x"),
     "op '0.mlp.add' does not fit the engine tiny: it takes 'x' after '0.attn.add' took it"),
    (table_taken_twice,
     "op '0.mlp.act' does not fit the engine tiny: its output must go to linear layers"),
    (no_linear_layer_behind,
     "op '0.mlp.add' does not fit the engine tiny: its second input must come from a linear layer"),
    (input_of("0.attn.add", 0, "embedded"),
     "op 'proj' does not fit the engine tiny: the engine has no buffer for its output, which goes "
     "to add, embed"),
    (input_of("token0", 0, "image"),
     "op 'token0' does not fit the engine tiny: its input 'image' is in none of the engine's "
     "buffers"),
    (no_residual_stream, "The program does not fit the engine tiny: it has no op embed, which "
                         "begins the residual stream"),
    (two_linear_layers_of_patches,
     "op 'again' does not fit the engine tiny: the engine has no buffer for its output, which goes "
     "to nothing"),
    (softmax_of_others, "op 'also' does not fit the engine tiny: it belongs to no attention"),
    (uneven, "op 'head0' does not fit the engine tiny: a head gives one row of logits"),
    (features,
     "op 'logits' does not fit the engine tiny: its inputs must come from linear layers"),
])
def test_graphs(change, text):
    assert refusal(change) == text


def test_more_heads_than_two():
    with pytest.raises(ValueError) as raised:
        compile(random_program(5, ends=3, prefix=3), TINY)
    assert str(raised.value) == ("op 'logits' does not fit the engine tiny: it adds the logits of "
                                 "3 heads, and the engine those of two")


def test_room():
    """Rows of all tensors of a buffer are as long as the longest."""
    text = refusal(lambda program, ops: None, replace(TINY, stream=13 * 8 - 1))
    assert text == ("op 'embed' does not fit the engine tiny: the size of 'x' is 104, and the "
                    "residual stream has 103")


def test_arrays():
    for change in ({"rows": 8}, {"epilogue_lanes": 2}, {"rows": 6, "columns": 6}):
        text = refusal(lambda program, ops: None, replace(TINY, **change))
        assert text.startswith("The engine has as many columns as rows, a multiple of 4")
