"""The data sheet of a package says what is so: ports, beats by hand, the diagram, what is measured.
"""

import json
import re
from dataclasses import replace

import pytest

from tests.lane_wise import LANE_WISE
from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.rtl import COMPONENTS, latency
from vit2rtl.rtl.packaging.example import example
from vit2rtl.rtl.packaging.package import write_package
from vit2rtl.rtl.packaging.trace import trace
from vit2rtl.rtl.packaging.waveform import wave_json

from .built import AREA, name_of


@pytest.mark.parametrize("unit", UNITS)
def test_the_latency_formula_is_the_latency(unit):
    component, parameters = COMPONENTS[unit], UNITS[unit].parameters
    scope = {"min": min, "ceil": lambda x: x, "log2": lambda x: (x - 1).bit_length()}
    # Of wide ranges some values: a maximum of two terms changes over within them.
    ranges = {
        key: p.choices or [*range(p.low, p.high, max(1, (p.high - p.low) // 60)), p.high]
        for key, p in parameters.items()
        if key in component.latency_formula()
    }
    defaults = {key: p.default for key, p in parameters.items()}
    chosen = [{}]
    for key, values in ranges.items():
        chosen = [{**one, key: value} for one in chosen for value in values]
    zero_codes = parameters["zero_code"].choices if "zero_code" in parameters else [None]
    for one in chosen:
        for zero_code in zero_codes:
            given = {**one, **({"zero_code": zero_code} if zero_code else {})}
            if UNITS[unit].refused({**defaults, **given}):
                continue
            resolved = UNITS[unit].resolve(**given)
            said = eval(component.latency_formula(), scope, resolved)
            assert said == component.cycles(resolved), given


@pytest.mark.parametrize("unit", LANE_WISE)
def test_the_beat_by_hand_adds_up_and_is_golden(unit, packages):
    instance = Instance.of(unit, lanes=3)
    sheet = (packages / unit / "README.md").read_text()
    section = sheet.partition("## One beat by hand")[2].partition("\n## ")[0]
    for fields, port in ((instance.inputs, "s_axis_tdata"), (instance.outputs, "m_axis_tdata")):
        table, _, section = section.partition(f"`{port}` = `")
        total = int(section[: section.index("`")], 16)
        parts = re.findall(r"0x(\w+) << (\d+) ", table)
        assert len(parts) == 3 * len(fields)
        assert sum(int(value, 16) << int(position) for value, position in parts) == total
    shown = example(instance)
    stimulus, expected = (shown.passages[name].values for name in ("i", "o"))
    inputs = {f.name: stimulus[f.name][0, :3] for f in instance.inputs}
    for name, values in instance.evaluate(inputs, shown.configuration).items():
        assert values.tolist() == expected[name][0, :3].tolist()


@pytest.mark.parametrize("unit", LANE_WISE)
def test_the_diagram_is_what_the_simulation_did(unit, packages):
    instance = Instance.of(unit, lanes=3)
    shown = example(instance)
    cycles = trace(instance, shown)
    text = (packages / unit / "doc/timing.json").read_text()
    assert text == wave_json(f"{instance.name}_axis", cycles, shown)
    drawn = {row["name"]: row for row in json.loads(text)["signal"] if row}
    expanded = {name: _expand(row["wave"]) for name, row in drawn.items()}
    for port in ("s_axis_tvalid", "s_axis_tready", "m_axis_tvalid", "m_axis_tready"):
        assert expanded[port] == "".join(str(cycle[port]) for cycle in cycles)
    taken = [n for n, c in enumerate(cycles) if c["s_axis_tvalid"] and c["s_axis_tready"]]
    given = [n for n, c in enumerate(cycles) if c["m_axis_tvalid"] and c["m_axis_tready"]]
    assert len(taken) == len(given) == 4
    first = next(n for n, c in enumerate(cycles) if c["m_axis_tvalid"])
    assert first - taken[0] == latency(instance)
    assert given[1] - given[0] == 3  # two cycles of back pressure
    svg = (packages / unit / "doc/timing.svg").read_text()
    assert all(f">{label}<" in svg for label in drawn["m_axis_tdata"]["data"])


def _expand(wave):
    states = ""
    for state in wave:
        states += states[-1] if state == "." else state
    return states


def test_a_unit_that_answers_wrong_has_no_diagram():
    instance = Instance.of("log2_dequantizer", lanes=1)
    shown = example(instance)
    right = shown.passages["o"]
    passages = {**shown.passages, "o": replace(right, beats=[0, 0, 0, 0])}
    with pytest.raises(ValueError) as caught:
        trace(instance, replace(shown, passages=passages))
    assert str(caught.value) == (
        f"log2_dequantizer_l1 answers {right.beats}, not [0, 0, 0, 0]"
    )


def test_the_data_sheet_repeats_what_was_measured_and_proved(folder):
    sheet = (folder / "README.md").read_text()
    assert "| `one`    | ecp5   | 17 LUT4 | 123 | 2026-01-02 |" in sheet
    assert "Tools: yosys 1, nextpnr 2.\n" in sheet
    assert "| nothing is lost | proved | every width | induction |" in sheet
    name, unit = name_of(folder), folder.name
    assert (
        f"`{name}` is not among the rows, which are of its unit; `vit2rtl synthesize {unit} "
        "--lanes 3` measures it.\n"
    ) in sheet
    assert f"`vit2rtl prove {unit} --lanes 3` proves this instance.\n" in sheet


def test_a_measured_instance_is_named_as_such_and_tools_once(tmp_path):
    instance = Instance.of("requantizer", lanes=1, bits=8, shift_base=20)
    rows = [AREA | {"instance": instance.name}, AREA | {"tools": "yosys 1, nextpnr 3"}]
    write_package(instance, tmp_path / "ip", area=rows)
    sheet = (tmp_path / "ip/README.md").read_text()
    assert "Tools: yosys 1, nextpnr 2, nextpnr 3.\n" in sheet
    assert (
        "`requantizer_l1_b8_sb20` is one of the rows; `vit2rtl synthesize requantizer --lanes 1 "
        "--bits 8 --shift-base 20` measures it.\n"
    ) in sheet


def test_the_data_sheet_has_every_port_with_its_width(folder):
    sheet = (folder / "README.md").read_text()
    name, told = name_of(folder), {}
    for top in (f"{name}_axis", f"{name}_axi"):
        section = sheet.partition(f"## Ports of `{top}`\n")[2].partition("\n## ")[0]
        told |= dict(re.findall(r"^\| `(\w+)` +\| (\w+ +\| \d+)", section, re.MULTILINE))
        text = (folder / f"rtl/{top}.v").read_text()
        ports = re.findall(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);",
                           text.partition("endmodule")[0], re.MULTILINE)
        assert len(ports) > 9
        for direction, high, port in ports:
            if port == "s_axis_tdata" and top.endswith("_axi"):
                continue  # less what is in tables: its lanes are told below
            assert told[port].split(" ")[0] == direction
            assert int(told[port].rpartition(" ")[2]) == int(high or 0) + 1, port


def test_lanes_are_told_once_of_each_top_that_differs(packages):
    titles = {
        unit: re.findall("^## Lanes of (.*)$", (packages / unit / "README.md").read_text(), re.M)
        for unit in UNITS
    }
    for unit in UNITS:
        name = name_of(packages / unit)
        all_ = [f"`{s.axi}_tdata` of `{name}_axis`" for s in Instance.of(unit).streams]
        tables = any(field.channel for field in Instance.of(unit).inputs)
        assert titles[unit] == all_ + [f"`s_axis_tdata` of `{name}_axi`"] * tables


def test_beats_of_the_diagram_have_all_their_digits(packages):
    for unit in UNITS:
        sheet = (packages / unit / "README.md").read_text()
        section = sheet.partition("## Timing diagram")[2].partition("\n## ")[0]
        beats = re.findall(r"^\| \d +\| `(\w+)` +\| `(\w+)`", section, re.MULTILINE)
        assert beats and (len(beats) == 4 or unit not in LANE_WISE)
        for column in zip(*beats, strict=True):
            assert len(set(map(len, column))) == 1
