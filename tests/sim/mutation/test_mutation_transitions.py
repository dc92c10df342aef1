"""BTOR2 as solver terms, against yosys' own semantics in Python integers."""

import pytest

from vit2rtl.golden.units import Instance
from vit2rtl.rtl.verilog import yosys
from vit2rtl.sim.mutation.assumptions import environment
from vit2rtl.sim.mutation.transitions import TransitionSystem

A, B = 0b1011_0110, 0b0110_1101
SORTS = "1 sort bitvec 8\n2 sort bitvec 1\n3 sort bitvec 16\n4 input 1 a\n5 input 1 b\n"


def signed(value, bits=8):
    return value - (value >> (bits - 1) << bits)


def evaluate(line, a=A, b=B):
    """The integer that a node of two eight-bit inputs makes."""
    system = TransitionSystem(f"{SORTS}6 {line}\n7 output 6 result\n")
    leaves = {4: system.value(8, a), 5: system.value(8, b)}
    return system.number(system.step(leaves).outputs["result"])


@pytest.mark.parametrize(
    ("line", "want"),
    [
        ("not 1 4", A ^ 255),
        ("neg 1 4", -A & 255),
        ("and 1 4 5", A & B),
        ("or 1 4 5", A | B),
        ("xor 1 4 5", A ^ B),
        ("xnor 1 4 5", ~(A ^ B) & 255),
        ("nand 1 4 5", ~(A & B) & 255),
        ("nor 1 4 5", ~(A | B) & 255),
        ("add 1 4 5", (A + B) & 255),
        ("sub 1 5 4", (B - A) & 255),
        ("mul 1 4 5", (A * B) & 255),
        ("concat 3 4 5", A << 8 | B),
        ("slice 2 4 1 1", A >> 1 & 1),
        ("uext 3 4 8", A),
        ("sext 3 4 8", signed(A) & 0xFFFF),
        ("redor 2 4", 1),
        ("redand 2 4", 0),
        ("redxor 2 5", B.bit_count() & 1),
        ("eq 2 4 4", 1),
        ("neq 2 4 5", 1),
        ("ult 2 4 5", A < B),
        ("ugte 2 4 5", A >= B),
        ("slt 2 4 5", signed(A) < signed(B)),
        ("sgte 2 4 5", signed(A) >= signed(B)),
        ("const 1 00000111", 7),
    ],
)
def test_operators(line, want):
    assert evaluate(line) == want


@pytest.mark.parametrize(("b", "want"), [(0, A), (1, A >> 1), (9, 0)])
def test_shifts(b, want):
    assert evaluate("srl 1 4 5", b=b) == want
    assert evaluate("sll 1 4 5", b=b) == A << b & 255
    assert evaluate("sra 1 4 5", b=b) == signed(A) >> b & 255


def test_a_chosen_constant_leaves_one_branch():
    text = f"{SORTS}6 input 2 select\n7 ite 1 6 4 5\n8 output 7 result\n"
    system = TransitionSystem(text)
    a, b = system.variable(8), system.variable(8)
    for chosen, want in ((1, a), (0, b)):
        leaves = {4: a, 5: b, 6: system.value(1, chosen)}
        assert system.step(leaves).outputs["result"] == want


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 sort array 2 3\n", "BTOR2 sort must be bitvec, not 'array'"),
        (f"{SORTS}6 read 1 4 5\n", "BTOR2 operator 'read' is not known here"),
    ],
)
def test_what_cannot_be_read_is_an_error(text, message):
    with pytest.raises(ValueError) as error:
        system = TransitionSystem(text)
        system.step({4: system.value(8, 0), 5: system.value(8, 0)})
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("unit", "inputs", "want"),
    [
        ("log_sqrt2_quantizer", {"threshold_a": 7, "threshold_b": 5}, 1),
        ("log_sqrt2_quantizer", {"threshold_a": 10, "threshold_b": 5}, 1),
        ("log_sqrt2_quantizer", {"threshold_a": 11, "threshold_b": 5}, 0),
        ("log_sqrt2_quantizer", {"threshold_a": 4, "threshold_b": 5}, 0),
        ("log_sqrt2_quantizer", {"threshold_a": 0, "threshold_b": 0}, 0),
        ("log_sqrt2_quantizer", {"threshold_a": 65535, "threshold_b": 65535}, 1),
        ("requantizer", {"shift_base": 40, "s_axis_tdata": 7 << 43, "s_axis_tvalid": 1}, 1),
        ("requantizer", {"shift_base": 41, "s_axis_tdata": 7 << 43, "s_axis_tvalid": 1}, 0),
        ("requantizer", {"shift_base": 41, "s_axis_tdata": 7 << 43}, 1),
        ("requantizer", {"s_axis_tvalid": 1}, 0),
        ("log2_dequantizer", {"s_axis_tdata": 16, "s_axis_tvalid": 1}, 1),
        ("log2_dequantizer", {"s_axis_tdata": 17, "s_axis_tvalid": 1}, 0),
    ],
)
def test_environment(unit, inputs, want, tmp_path):
    extra = {"zero_code": "extra"} if unit == "log2_dequantizer" else {}
    source = environment(Instance.of(unit, lanes=1, **extra))
    script = "read_verilog e.v; prep -top environment; flatten; write_btor e.btor"
    yosys.run(script, tmp_path, files={"e.v": source})
    system = TransitionSystem((tmp_path / "e.btor").read_text())
    leaves = {
        line: system.value(width, inputs.get(system.names[line], 0))
        for line, width in system.inputs.items()
    }
    assert system.number(system.step(leaves).outputs["assumed"]) == want
