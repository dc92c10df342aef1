"""One element worked for a README: lines of each kind that has some, text and figures by hand."""

from types import SimpleNamespace

import pytest

from vit2rtl.golden.program import by_hand
from vit2rtl.golden.program.kinds import KINDS


def described(name, *rows, bits=4, signed=False, zero_point=0, shape=None):
    """A tensor or constant as a manifest has it, and its rows."""
    return {"file": f"{name}.mem", "bits": bits, "signed": signed, "zero_point": zero_point,
            "shape": shape or [len(rows), len(rows[0])], "rows": rows,
            "layout": {"rows": len(rows), "columns": len(rows[0])}}


def page(**tensors):
    return SimpleNamespace(tensors=tensors, constants=lambda op: op["constants"],
                           row=lambda array, number: array["rows"][number])


def lines(kind, constants=None, attributes=None, **tensors):
    *inputs, output = tensors
    op = {"name": "op", "inputs": inputs, "output": output, "constants": constants or {},
          "attributes": attributes or {}}
    return list(KINDS[kind].by_hand(page(**tensors), op))


@pytest.mark.parametrize(("a", "b", "text", "code"), [
    (5, -7, "5 + (-7)", -2), (100, 60, "100 + 60", 127), (-100, -60, "-100 + (-60)", -128),
    (3, 4, "3 + 4", 7),
])
def test_a_sum(a, b, text, code):
    assert lines("add", a=described("a", [0, 1], [2, a], bits=8, signed=True),
                 b=described("b", [9, 9], [9, b], bits=8, signed=True),
                 y=described("y", [4, 4], [4, code], bits=8, signed=True)) == [
        f"Op `op`, row 1, column 1 of `a.mem` and `b.mem`: {text}, saturated to 8 bits, is\n",
        f"    {code}, as row 1, column 1 of y.mem has it",
    ]


def test_a_file_that_has_another_number():
    with pytest.raises(ValueError, match=r"^y\.mem, row 0, column 1 is 8, not 7$"):
        lines("add", a=described("a", [0, 3]), b=described("b", [0, 4]), y=described("y", [0, 8]))


def test_a_look_up():
    table = described("table", [7, 6, 5, 4])
    assert lines("table", {"table": table}, x=described("x", [0, 3], [1, 2], bits=2),
                 y=described("y", [7, 4], [6, 5])) == [
        "Op `op`, row 1, column 1: `x.mem` has 2, and element 2 of `table.mem` is\n",
        "    5, as row 1, column 1 of y.mem has it",
    ]


@pytest.mark.parametrize(("acc", "factor", "output", "above", "want"), [
    (-3, (1, 1), {"zero_point": 4}, 0,
     ["((-3)·1 + 2^0) >> 1 = -1", "-1 + 4, at least 0 and at most 15, is 3"]),
    (100, (3, 5), {"zero_point": -2}, 0,
     ["(100·3 + 2^4) >> 5 = 9", "9 + (-2), at least 0 and at most 15, is 7"]),
    (15, (1, 1), {"zero_point": 9}, 0,
     ["(15·1 + 2^0) >> 1 = 8", "8 + 9, at least 0 and at most 15, is 15"]),
    (-50, (2, 2), {"signed": True}, 0,
     ["((-50)·2 + 2^1) >> 2 = -25", "-25 + 0, at least -8 and at most 7, is -8"]),
    (-50, (2, 2), {"signed": True}, 1,
     ["((-50)·2 + 2^1) >> 2 = -25", "-25 + 0, at least -7 and at most 7, is -7"]),
    (-50, (2, 2), {}, 1,
     ["((-50)·2 + 2^1) >> 2 = -25", "-25 + 0, at least 1 and at most 15, is 1"]),
])
def test_a_requantization(acc, factor, output, above, want):
    code = int(want[1].rpartition(" ")[2])
    target = described("y", [99, code], **output)
    made = list(by_hand.requantized(page(), target, (0, 1), acc, factor, above=above))
    assert made == [f"    {line}" for line in (
        *want, f"{code}, as row 0, column 1 of y.mem has it")]


def test_a_layer():
    """3·(2 - 1) + 1·(0 - 1) + 0 + 2·(3 - 1) + 5·(1 - 1) = 6; 6 - 9 = -3; (-3·5 + 4) >> 3 = -2."""
    constants = {
        "weight": described("w", [0] * 5, [2, 0, 3, 3, 1]),
        "weight_zero_point": described("z", [0, 1]),
        "bias": described("b", [0, -9]), "multiplier": described("m", [0, 5]),
        "shift": described("s", [0, 3]),
    }
    assert lines("linear", constants, x=described("x", [9] * 5, [3, 1, 0, 2, 5]),
                 y=described("y", [0, 0], [0, 4], zero_point=6)) == [
        "Op `op`, row 1, channel 1: row 1 of `x.mem`, row 1 of `w.mem`, element 1 of the other "
        "constants.\n",
        "    acc = 3·(2 - 1) + 1·(0 - 1) + 0·(3 - 1) + 2·(3 - 1) + ... (5 products) = 6",
        "    6 + (-9), the bias, = -3",
        "    ((-3)·5 + 2^2) >> 3 = -2",
        "    -2 + 6, at least 0 and at most 15, is 4",
        "    4, as row 1, column 1 of y.mem has it",
    ]


QK = {"heads": 2, "q_zero_point": 1, "k_zero_point": -2}
QUERIES = described("q", [9, 9, 9, 9], [3, 4, 8, 8], shape=[1, 2, 4])
KEYS = described("k", [9, 9, 9, 9], [9, 9, 9, 9], [5, -1, 8, 8], shape=[1, 3, 4])
WORKED = [
    "Op `op`, first head, the last query with the last key: the first 2 columns of row 1 of "
    "`q.mem` and of row 2 of `k.mem`.\n",
    "    acc = (3 - 1)·(5 - (-2)) + ... (2 products) = 17",
]


def heads(code, **more):
    """Two heads of two queries and three keys; the first one's last code."""
    rows = [[0, 0, 0], [0, 0, code], [0, 0, 0], [0, 0, 0]]
    return described("y", *rows, shape=[2, 2, 3], **more)


def test_accumulators_of_attention():
    """(3 - 1)·(5 + 2) + (4 - 1)·(-1 + 2) = 17"""
    assert lines("query_key", None, QK, q=QUERIES, k=KEYS, y=heads(17)) == [
        *WORKED, "    17, as row 1, column 2 of y.mem has it"]


def test_logits_of_attention_with_a_bias():
    bias = described("bias", [0, 0, 0], [0, 0, -30])
    assert lines("query_key", {"bias": bias}, QK | {"multiplier": 3, "shift": 1},
                 q=QUERIES, k=KEYS, y=heads(-7, signed=True)) == [
        *WORKED,
        "    17 + (-30), row 1 of the bias, = -13",
        "    ((-13)·3 + 2^0) >> 1 = -19",
        "    -19 + 0, at least -7 and at most 7, is -7",
        "    -7, as row 1, column 2 of y.mem has it",
    ]


def test_no_line_where_a_mask_may_hide_the_logit():
    assert lines("query_key", {"mask": QUERIES}, QK, q=QUERIES, k=KEYS, y=heads(17)) == []
