"""What fits the engine: each kind at its limit, and one step beyond it by its sentence."""

from dataclasses import replace

import numpy as np
import pytest

from tests.golden.program import kind_ops
from tests.golden.program.test_program import small_program
from vit2rtl.golden.engine import CONFIGURATIONS, check
from vit2rtl.golden.engine.kinds import NAMES, PLACEMENTS
from vit2rtl.golden.program.kinds import KINDS
from vit2rtl.golden.program.program import Op, Tensor

SMALL = CONFIGURATIONS["small"]
STREAM = Tensor("s", (50, 64), 16, True, scale=0.5)


def of_kind(kind):
    """An op of a kind and its inputs, as the program's tests have them."""
    return {
        "patches": kind_ops.patches, "linear": kind_ops.linear,
        "query_key": query_key, "softmax": kind_ops.softmaxes,
        "attention_value": kind_ops.attention_value, "layernorm": layernorm,
        "table": kind_ops.table, "embed": stream_to("embed"), "add": stream_to("add"),
        "select": stream_to("select"), "average": kind_ops.average,
    }[kind]()


def stream_to(kind):
    return lambda: (Op("op", kind, ("s",), STREAM), [STREAM])


def query_key():
    op, inputs = kind_ops.query_key()
    op.output = replace(kind_ops.LOGITS, shape=op.output.shape)
    return op, inputs


def layernorm():
    return Op("op", "layernorm", ("s",), Tensor("c", (50, 64), 4, scale=1.0),
              {"shift": 4, "epsilon": 1}), [STREAM]


def problem(kind, change=lambda op, inputs: None, **configuration):
    op, inputs = of_kind(kind)
    change(op, inputs)
    return PLACEMENTS[kind].limits(op, inputs, replace(SMALL, **configuration))


@pytest.mark.parametrize("kind", NAMES)
def test_an_op_of_each_kind_fits(kind):
    assert kind in KINDS
    assert problem(kind) is None


def test_every_kind_has_a_case():
    with pytest.raises(KeyError):
        of_kind("gather")


def wider_output(bits, signed=False):
    return lambda op, inputs: setattr(op, "output", replace(op.output, bits=bits, signed=signed))


def output(**changes):
    return lambda op, inputs: setattr(op, "output", replace(op.output, **changes))


def wider_input(place, **change):
    return lambda op, inputs: inputs.__setitem__(place, replace(inputs[place], **change))


def weights(lowest):
    """The first weight less its zero point is the lowest of all."""
    def change(op, inputs):
        op.tensors["weight"] = np.array([[0, 0], [15, 0]], np.uint8)
        op.tensors["weight_zero_point"] = np.array([-lowest, 0])
    return change


def attribute(**values):
    return lambda op, inputs: op.attributes.update(values)


def with_bias(op, inputs):
    op.tensors["bias"] = np.zeros((2, 4, 4))


NINE = "unsigned codes of 9 bits, and the array takes unsigned ones of at most 8"
BEYOND = [
    ("patches", wider_output(9), {}, f"its output has {NINE}"),
    ("patches", wider_output(4), {"hidden": 71},
     "the number of digits of half of the patches is 72, and the buffer hidden has 71"),
    ("linear", wider_input(0, bits=9), {}, f"its input has {NINE}"),
    ("linear", weights(-257), {},
     "a weight lies in -257 to 15, and the array takes -256 to 255"),
    ("linear", weights(-256), {},
     "the span of a channel's weights is 256, and a pair of digits has 255"),
    ("linear", wider_input(0, shape=(2, 4, 6)), {},
     "its input has the shape (2, 4, 6), and the engine takes tokens × channels"),
    ("linear", output(zero_point=-65536), {},
     "the magnitude of its output's zero point is 65536, and the epilogue has 65535"),
    ("linear", attribute(accumulator_bound=1 << 17), {},
     "the width of its accumulators is 19, and the array has 18"),
    ("query_key", with_bias, {}, "it has a bias, and the engine adds none to logits"),
    ("query_key", attribute(q_zero_point=17), {},
     "the zero point of q is 17, and it must lie in 0 to 16"),
    ("query_key", attribute(q_zero_point=-1), {},
     "the zero point of q is -1, and it must lie in 0 to 16"),
    ("query_key", attribute(k_zero_point=-512), {},
     "the magnitude of the zero point of k is 512, and the array has 511"),
    ("query_key", attribute(q_zero_point=16, k_zero_point=-1), {},
     "heads of 3 channels do not fill tiles of 8, and no zero point is a code that could"),
    ("query_key", wider_input(0, shape=(2, 4, 6)), {},
     "q has the shape (2, 4, 6), and the engine takes tokens × channels"),
    ("query_key", wider_input(0, bits=9), {}, f"q has {NINE}"),
    ("query_key", wider_input(1, bits=9), {}, f"k has {NINE}"),
    ("query_key", lambda op, inputs: None, {"projected": 63},
     "the number of digits of 'codes' is 64, and the buffer projected has 63"),
    ("query_key", lambda op, inputs: None, {"tokens": 3},
     "the number of keys is 4, and a row of logits has 3"),
    ("query_key", lambda op, inputs: None, {"acc_width": 9},
     "the width of its accumulators is 10, and the array has 9"),
    ("query_key", wider_output(13, True), {},
     "the width of its logits is 13, and softmax has 12"),
    ("softmax", wider_input(0, bits=13), {}, "the width of its logits is 13, and softmax has 12"),
    ("softmax", attribute(zero_code="extra"), {},
     "its zero code is extra, and the engine's is the top one"),
    ("softmax", attribute(rom_bits=10), {},
     "its exponentials have 10 and 17 bits, and the engine's 8 and 17"),
    ("softmax", wider_output(5), {}, "the width of its codes is 5, and attention × V has 4"),
    ("softmax", lambda op, inputs: None, {"tokens": 3},
     "the number of keys is 4, and a row of logits has 3"),
    ("attention_value", wider_input(0, bits=5), {},
     "the width of its codes is 5, and attention × V has 4"),
    ("attention_value", attribute(accumulator_bound=1 << 13), {},
     "the width of its accumulators is 15, and attention × V has 14"),
    ("attention_value", attribute(v_zero_point=17), {},
     "the zero point of v is 17, and it must lie in 0 to 16"),
    ("attention_value", attribute(accumulator_bound=1 << 12), {"attention_bits": 5},
     "the width of its accumulators is 22, and attention × V has 14"),
    ("attention_value", attribute(multipliers=[1, 1, 40]), {
        "attention_bits": 5, "attention_acc_width": 31},
     "the shift of its multipliers is 48, and attention × V has 47"),
    ("attention_value", attribute(zero_code="none"), {},
     "its zero code is none, and the engine's is the top one"),
    ("attention_value", output(zero_point=16), {},
     "the magnitude of its output's zero point is 16, and attention × V has 15"),
    ("attention_value", wider_input(1, bits=5), {},
     "the width of v is 5, and attention × V has 4"),
    ("attention_value", wider_output(5), {},
     "the width of its output is 5, and attention × V has 4"),
    ("attention_value", lambda op, inputs: None, {"projected": 63},
     "the number of digits of 'codes' is 64, and the buffer projected has 63"),
    ("layernorm", wider_output(16, True), {},
     "it gives a stream, and the engine's LayerNorm gives codes of at most 8 bits"),
    ("layernorm", wider_input(0, shape=(51, 64)), {},
     "the size of 's' is 3264, and the residual stream has 3200"),
    ("layernorm", wider_input(0, shape=(50, 64)), {"channels": 63},
     "the number of channels is 64, and LayerNorm has 63"),
    ("layernorm", wider_output(5), {"normalized": 6400},
     "the width of its output is 5, and LayerNorm has 4"),
    ("layernorm", attribute(epsilon=1 << 42), {},
     "the width of its epsilon is 43, and LayerNorm has 42"),
    ("layernorm", wider_output(8), {"code_bits": 8},
     "the number of digits of 'c' is 6400, and the buffer normalized has 3200"),
    ("table", wider_input(0, bits=13), {}, "the width of its input is 13, and the table has 12"),
    ("table", wider_output(5), {}, "the width of its output is 5, and the table has 4"),
    ("table", lambda op, inputs: None, {"hidden": 31},
     "the number of digits of 'codes' is 32, and the buffer hidden has 31"),
    ("embed", wider_output(17, True), {},
     "'s' has signed numbers of 17 bits, and the residual stream signed ones of 16"),
    ("add", lambda op, inputs: None, {"stream": 3199},
     "the size of 's' is 3200, and the residual stream has 3199"),
    ("select", lambda op, inputs: None, {"stream": 3199},
     "the size of 's' is 3200, and the residual stream has 3199"),
    ("select", wider_input(0, shape=(50, 65)), {},
     "the size of 's' is 3600, and the residual stream has 3200"),
    ("average", lambda op, inputs: inputs.append(inputs[0]), {},
     "it adds the logits of 3 heads, and the engine those of two"),
    ("average", wider_output(17, True), {},
     "the width of its output is 17, and the stream of logits has 16"),
]


@pytest.mark.parametrize(("kind", "change", "configuration", "text"), BEYOND)
def test_one_step_beyond_a_limit(kind, change, configuration, text):
    assert problem(kind, change, **configuration) == text


@pytest.mark.parametrize(("kind", "change", "configuration"), [
    ("patches", wider_output(4), {"hidden": 72}),
    ("linear", weights(-240), {}),
    ("linear", output(zero_point=65535), {}),
    ("query_key", attribute(q_zero_point=16, k_zero_point=15), {}),
    ("attention_value", attribute(accumulator_bound=(1 << 5) - 1), {"attention_bits": 5}),
    ("layernorm", attribute(epsilon=(1 << 42) - 1), {}),
    ("linear", attribute(accumulator_bound=(1 << 17) - 1), {}),
    ("query_key", attribute(q_zero_point=16), {}),
    ("attention_value", attribute(v_zero_point=0), {}),
    ("query_key", lambda op, inputs: None, {"projected": 64, "tokens": 4, "acc_width": 10}),
    ("softmax", lambda op, inputs: None, {"tokens": 4}),
    ("attention_value", attribute(accumulator_bound=(1 << 13) - 1), {"projected": 64}),
    ("layernorm", wider_output(8),
     {"normalized": 6400, "channels": 64, "code_bits": 8}),
    ("add", lambda op, inputs: None, {"stream": 3200}),
])
def test_a_limit_itself_fits(kind, change, configuration):
    assert problem(kind, change, **configuration) is None


def test_programs_in_float_are_refused():
    with pytest.raises(ValueError) as raised:
        check(small_program(), SMALL)
    assert str(raised.value) == (
        "The engine runs programs of variant integer, not hardware: "
        "vit2rtl lower CHECKPOINT --variant integer makes one")


def test_the_first_op_that_does_not_fit_is_named():
    program = small_program()
    program.variant = "integer"
    program.ops = program.ops[:2]
    check(program, SMALL)
    with pytest.raises(ValueError) as raised:
        check(program, replace(SMALL, acc_width=4))
    assert str(raised.value) == (
        "op 'proj' does not fit the engine small: the width of its accumulators is 9, and the "
        "array has 4")


def test_a_kind_that_the_engine_does_not_run_is_named():
    program = small_program()
    program.variant = "integer"
    with pytest.raises(ValueError) as raised:
        check(program, SMALL)
    assert str(raised.value) == "op 'logits': the engine has no average_float"
