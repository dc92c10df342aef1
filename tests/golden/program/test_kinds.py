"""Kinds of ops: each from its one file, each face there or asked for by a sentence."""

import ast
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vit2rtl.golden.program.execute import execute
from vit2rtl.golden.program.inspection import summary
from vit2rtl.golden.program.kinds import KINDS
from vit2rtl.golden.program.program import GRAPH, Op, Tensor
from vit2rtl.golden.program.reader import read_program
from vit2rtl.golden.vectors.program_vectors_reader import read_vectors
from vit2rtl.golden.vectors.program_vectors_replay import replay
from vit2rtl.golden.vectors.program_vectors_writer import write_vectors

from .test_program import edited, set_in, small_program

ROOT = Path(__file__).parents[3]
CODES = np.random.default_rng(2).integers(0, 16, (2, 1, 4, 4), dtype=np.uint8)


def with_op(kind, **parts):
    """The small program with one more op behind its linear layer."""
    program = small_program()
    output = Tensor("more", (4, 3), 8, scale=0.25, zero_point=100)
    program.ops.insert(2, Op("more", kind, ("proj",), output, **parts))
    program.ops[3].inputs = ("more",)
    return program


def offsets():
    return with_op("offset_channels", attributes={"sign": -1},
                   tensors={"offset": np.array([3, -8, 0], np.int8)})


@pytest.fixture
def more_kinds():
    with KINDS.extended("tests.golden.program.offset_channels", "tests.golden.program.faceless"):
        yield


@pytest.mark.usefixtures("more_kinds")
def test_a_kind_is_one_file(tmp_path):
    """Checked, run, inspected, written as vectors, read again and replayed."""
    offsets().save(tmp_path / "program")
    program = read_program(tmp_path / "program")
    logits, seen = execute(program, CODES, record=["proj", "more"])
    want = np.clip(seen["proj"].astype(int) - [3, -8, 0], 0, 255)
    assert np.array_equal(seen["more"], want)
    assert np.array_equal(logits, (want[:, 1] - 100) * 0.25)

    costs = summary(program)
    row = costs["ops"][2]
    assert (row["macs"], row["parameter_bits"], row["float32_bits"]) == (12, 3 * 4, 3 * 32)
    assert costs["totals"]["macs"]["offset_channels"] == 12

    write_vectors(tmp_path / "vectors", program, CODES, ops=program.ops[2:3], lanes=2)
    manifest = json.loads((tmp_path / "vectors/manifest.json").read_text())
    (op,) = manifest["ops"]
    assert (op["formula"], op["rounding"]) == ("q + sign·offset, saturated", "none")
    assert op["derived"] == {"offset_reach": 8}
    assert {c["role"]: (c["derived"], c["layout"]["bits"], c["layout"]["signed"])
            for c in op["constants"]} == {"offset": (False, 4, True), "negated": (True, 5, False)}
    page = (tmp_path / "vectors/README.md").read_text()
    assert "| `offset_channels` | 1 | q + sign·offset, saturated | none |" in page
    assert page.endswith("Op `more` by hand: the last row of `tensors/more.mem`.\n")
    (result,) = replay(read_vectors(tmp_path / "vectors"))
    assert (result.elements, result.mismatches) == (24, 0)


@pytest.mark.usefixtures("more_kinds")
@pytest.mark.parametrize(("change", "text"), [
    (set_in(2, "attributes", "sign", 2), "op 'more': attribute 'sign' must be between -1 and 1, "
                                         "not 2"),
    (set_in(2, "attributes", "sign", True), "op 'more': attribute 'sign' must be int, not True"),
    (set_in(2, "output", "shape", [3, 3]), "op 'more': shapes (4, 3) and (3, 3) must be equal"),
    (lambda graph: graph["ops"][2]["tensors"].clear(), "op 'more' lacks the tensor 'offset'"),
])
def test_its_conditions_are_checked(tmp_path, change, text):
    offsets().save(tmp_path)
    assert edited(tmp_path, change) == text


@pytest.mark.usefixtures("more_kinds")
@pytest.mark.parametrize(("offset", "text"), [
    (np.array([8, 0, 0]), "must be between -8 and 7"),
    (np.array([0.5, 0, 0]), "must be integers (of at most 63 bits), not float64"),
    (np.array([], np.int8), "has no elements"),
])
def test_its_constants_are_checked(tmp_path, offset, text):
    program = offsets()
    program.ops[2].tensors["offset"] = offset
    program.save(tmp_path)
    with pytest.raises(ValueError) as raised:
        read_program(tmp_path)
    assert str(raised.value) == f"{tmp_path / GRAPH}: op 'more': tensor 'offset' {text}"


@pytest.mark.parametrize(("role", "value", "limits"), [
    ("shift", 48, "1 and 47"), ("shift", 0, "1 and 47"), ("multiplier", 1 << 16, "0 and 65535"),
    ("multiplier", -1, "0 and 65535"), ("weight_zero_point", 1 << 24, "-16777215 and 16777215"),
])
def test_the_domain_of_a_layer_is_that_of_the_contract(tmp_path, role, value, limits):
    program = small_program()
    program.ops[1].tensors[role][1] = value
    program.save(tmp_path)
    with pytest.raises(ValueError) as raised:
        read_program(tmp_path)
    assert str(raised.value) == (
        f"{tmp_path / GRAPH}: op 'proj': tensor {role!r} must be between {limits}")


FACELESS = "Kind faceless has no {}: add it in tests/golden/program/faceless.py"


@pytest.mark.usefixtures("more_kinds")
@pytest.mark.parametrize(("use", "face"), [
    (lambda program, path: execute(program, CODES), "run"),
    (lambda program, path: write_vectors(path / "vectors", program, CODES), "run"),
    (lambda program, path: program.save(path / "it") or read_program(path / "it"), "check"),
])
def test_a_missing_face_is_a_sentence(tmp_path, use, face):
    with pytest.raises(ValueError) as raised:
        use(with_op("faceless"), tmp_path)
    assert str(raised.value).endswith(FACELESS.format(face))


@pytest.mark.usefixtures("more_kinds")
def test_texts_that_are_missing():
    with pytest.raises(ValueError) as raised:
        KINDS["faceless"].texts()
    assert str(raised.value) == FACELESS.format("formula")


def test_without_its_file_a_kind_is_unknown(tmp_path):
    offsets().save(tmp_path)
    with pytest.raises(ValueError, match=r"op 'more' is of unknown kind 'offset_channels'$"):
        read_program(tmp_path)


def test_kinds_are_called_as_their_files():
    assert [kind.name for kind in KINDS.values()] == list(KINDS)
    assert {path.stem for path in (ROOT / "golden/program/kinds").glob("[!_]*.py")} == {*KINDS}


def test_floats_are_a_field():
    floats = {name for name, kind in KINDS.items() if kind.floats}
    assert floats == {name for name in KINDS if name.endswith("_float")}


def test_the_page_has_every_kind_and_what_it_takes():
    text = (ROOT / "docs/integer-program.md").read_text(encoding="utf-8")
    table = re.search(r"\n\| kind \| inputs \| computes \|\n\|---\|---\|---\|\n((?:\|.*\n)+)", text)
    rows = [row.split(" | ")[:2] for row in table[1].splitlines()]
    assert [(name.strip("| `"), takes) for name, takes in rows] == [
        (name, ", ".join(kind.inputs)) for name, kind in KINDS.items()]


def test_the_page_on_vectors_has_every_derived_number_and_table():
    text = (ROOT / "docs/program-vectors.md").read_text(encoding="utf-8")
    (numbers,) = re.findall(r"^\| `derived` \| (.*)$", text, re.MULTILINE)
    (constants,) = re.findall(r"^\| `constants\[\]` \| (.*)$", text, re.MULTILINE)
    assert {*re.findall(r"`(\w+)`", numbers)} == {
        "accumulator_bits", *(name for kind in KINDS.values() for name in kind.numbers)}
    tables = re.search(r"as it follows from attributes: (.*)\)", constants)[1]
    assert {*re.findall(r"`(\w+)`", tables)} == {
        role for kind in KINDS.values() for role in kind.tables}


def test_the_worked_example_is_the_kind_of_these_tests():
    text = (ROOT / "docs/contributing.md").read_text(encoding="utf-8")
    example = (Path(__file__).parent / "offset_channels.py").read_text(encoding="utf-8")
    assert f"```python\n{example}```\n" in text


def test_generic_files_name_no_kind():
    files = [*(ROOT / "golden/program").glob("*.py"), *(ROOT / "python/onnx").glob("*.py"),
             *(ROOT / "golden/vectors").glob("program_*.py"),
             *(ROOT / "python").glob("comparison.py"), ROOT / "python/commands/inspect.py"]
    assert len(files) > 15
    names = [(path.name, node.value) for path in files
             for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
             if isinstance(node, ast.Constant) and node.value in list(KINDS)]
    assert names == []


def attention_value(**changes):
    """What is wrong with an op of attention × V over rows of 5 codes, or None."""
    codes = Tensor("codes", (2, 5, 5), 4, encoding="log_sqrt2", scale=0.75)
    v = Tensor("v", (5, 8), 4, zero_point=3)
    # Values reach 12 above the zero point, rows add up to at most 2**(1/4) / 0.75, H is 7.
    attributes = {"heads": 2, "v_zero_point": 3, "softmax_bits": 4, "zero_code": "top",
                  "multipliers": [49152, 69511, 23], "accumulator_bound": 2435} | changes
    return KINDS["attention_value"].check(
        Op("a", "attention_value", ("codes", "v"), Tensor("o", (5, 8), 4), attributes), codes, v)


def test_the_bound_of_attention_value_is_the_derived_one():
    assert attention_value() is None
    for bound in (2434, 2436, 0, 1 << 40):
        assert attention_value(accumulator_bound=bound) == (
            f"accumulator bound is 2435, not {bound}")


def test_thresholds_of_a_softmax_are_those_of_its_scale():
    logits = Tensor("l", (2, 5, 5), 32, True, "accumulator", bound=99)
    output = Tensor("o", (2, 5, 5), 4, encoding="log_sqrt2", scale=0.5)
    a, b = (int(np.ceil(2**15 * 2**-exponent)) for exponent in (0.25, 0.75))

    def check(output, a, b):
        attributes = {"threshold_a": a, "threshold_b": b, "zero_code": "top", "logit_scale": 1.0}
        return KINDS["softmax_float"].check(Op("s", "softmax_float", ("l",), output, attributes),
                                            logits)

    assert check(output, a, b) is None
    assert check(output, a + 1, b) == f"thresholds of the output's scale are {a} and {b}"
    assert check(output, b, b) == f"thresholds of the output's scale are {a} and {b}"
    assert check(replace(output, scale=2.0), a, b) == "output scale must be at most 1, not 2.0"
