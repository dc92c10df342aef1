"""The SVG of a timing diagram shows what the WaveJSON says."""

import json
import re
from xml.etree import ElementTree

import pytest

from vit2rtl.rtl.packaging.timing_diagram import svg

SIGNALS = [
    {"name": "clk", "wave": "p....."},
    {"name": "valid", "wave": "0.10.."},
    {},
    {"name": "data<0>", "wave": "x.=.=x", "data": ["a & b", "7f"]},
    {"name": "last", "wave": "x01..x"},
]
CYCLE = 72


def draw(signals=SIGNALS):
    head = {"text": "unit, simulated", "tick": 5}
    return svg(json.dumps({"signal": signals, "head": head, "config": {"hscale": 2}}))


@pytest.fixture(scope="module")
def picture():
    return ElementTree.fromstring(draw())


def of_class(picture, kind):
    return [node for node in picture if node.get("class") == kind]


def numbers(path):
    """(letter, numbers) of every step of a path."""
    return [(letter, [float(n) for n in rest.split()])
            for letter, rest in re.findall(r"([A-Za-z])([^A-Za-z]*)", path.get("d"))]


def test_names_labels_and_ticks_are_there(picture):
    texts = [node.text for node in picture if node.tag.endswith("}text")]
    assert {"unit, simulated", "clk", "valid", "data<0>", "last", "a & b", "7f"} <= set(texts)
    assert [node.text for node in of_class(picture, "tick")] == [str(n) for n in range(5, 12)]
    assert len(of_class(picture, "grid")) == 7


def test_boxes_last_as_long_as_their_states(picture):
    left = numbers(of_class(picture, "grid")[0])[0][1][0]

    def cycles(box):
        steps = numbers(box)
        ends = (steps[0][1][0], steps[3][1][0])
        return tuple((x - left) // CYCLE for x in ends)

    assert [cycles(box) for box in of_class(picture, "data")] == [(2, 4), (4, 5)]
    assert [cycles(box) for box in of_class(picture, "unknown")] == [(0, 2), (5, 6), (0, 1), (5, 6)]


def test_a_line_is_high_where_its_bit_is_1(picture):
    _clock, valid, last = of_class(picture, "wave")
    for line, levels in ((valid, "001000"), (last, "x0111x")):
        left = numbers(of_class(picture, "grid")[0])[0][1][0]
        seen, x, y = ["x"] * 6, 0.0, 0.0
        tops = [step[1][1] for step in numbers(line) if len(step[1]) == 2]
        for letter, step in numbers(line):
            if letter == "H":
                for cycle in range(6):
                    if x <= left + (cycle + 0.5) * CYCLE <= step[0]:
                        seen[cycle] = "01"[y == min(tops)]
                x = step[0]
            else:
                x, y = step
        assert "".join(seen) == levels


def test_a_clock_rises_once_a_cycle(picture):
    clock = of_class(picture, "wave")[0]
    assert [letter for letter, _ in numbers(clock)] == ["M", *"VhVh" * 6]
    assert sum(step[0] for letter, step in numbers(clock) if letter == "h") == 6 * CYCLE


@pytest.mark.parametrize(
    ("signal", "message"),
    [
        ({"name": "a", "wave": "0z"},
         "Wave a has the state 'z'; known are 0, 1, x and =, and p from end to end"),
        ({"name": "a", "wave": "0p"},
         "Wave a has the state 'p'; known are 0, 1, x and =, and p from end to end"),
        ({"name": "a", "wave": "==", "data": ["1"]}, "Wave a has fewer data than boxes"),
    ],
)
def test_what_is_not_known_is_refused(signal, message):
    with pytest.raises(ValueError) as error:
        draw([signal])
    assert str(error.value) == message
