"""The beats worked by hand in docs/units/ are what the AXI4-Stream tops compute."""

import re
from pathlib import Path

import pytest
from amaranth.sim import Simulator

from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.rtl import latency
from vit2rtl.rtl.stream.axi_stream import AxiStreamTop

FOLDER = Path(__file__).parents[3] / "docs" / "units"
EXAMPLE = re.compile(
    r"```text\n(\w+)(.*)\ns_axis_tdata = 0x(\w+)\nm_axis_tdata = 0x(\w+)\n```", re.MULTILINE
)


def page(name):
    """The page of a unit; a missing one is a sentence."""
    file = FOLDER / f"{name}.md"
    assert file.exists(), f"Unit {name} has no page: add docs/units/{name}.md"
    return file.read_text("utf-8")


EXAMPLES = {name: match.groups() for name in UNITS for match in EXAMPLE.finditer(page(name))}


def test_every_unit_has_its_beat_and_its_page_is_listed():
    assert {name: example[0] for name, example in EXAMPLES.items()} == {n: n for n in UNITS}
    assert {file.stem for file in FOLDER.iterdir()} == {*UNITS, "README"}
    assert re.findall(r"^\| \[`\w+`\]\((\w+)\.md\)", page("README"), re.MULTILINE) == list(UNITS)


@pytest.mark.parametrize("name", EXAMPLES)
def test_beat_worked_by_hand(name):
    _, settings, given, expected = EXAMPLES[name]
    values = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", settings)}
    instance = Instance.of(name, lanes=values.pop("lanes"))
    top = AxiStreamTop(instance)
    seen = []

    async def testbench(ctx):
        for key, value in values.items():
            ctx.set(getattr(top, key), value)
        ctx.set(top.aresetn, 1)
        ctx.set(top.m_axis_tready, 1)
        ctx.set(top.s_axis_tvalid, 1)
        ctx.set(top.s_axis_tdata, int(given, 16))
        for cycle in range(latency(instance) + 1):
            if ctx.get(top.m_axis_tvalid):
                seen.append((cycle, ctx.get(top.m_axis_tdata)))
            await ctx.delay(1e-7)
            ctx.set(top.aclk, 1)
            await ctx.delay(1e-7)
            ctx.set(top.aclk, 0)

    simulator = Simulator(top)
    simulator.add_testbench(testbench)
    simulator.run()
    assert seen == [(latency(instance), int(expected, 16))]
    assert len(expected) == len(top.m_axis_tdata) // 4
    assert len(given) == len(top.s_axis_tdata) // 4


@pytest.mark.parametrize("name", UNITS)
def test_parameter_tables_say_what_the_registry_says(name):
    section = page(name)
    for key, parameter in UNITS[name].parameters.items():
        row = re.search(rf"^\| `{key}` \| (.*?) \| (.*?) \|", section, re.MULTILINE).groups()
        if parameter.choices:
            expected = ", ".join(f"`{c}`" for c in parameter.choices), f"`{parameter.default}`"
        else:
            expected = f"{parameter.low}..{parameter.high}", str(parameter.default)
        assert row == expected
