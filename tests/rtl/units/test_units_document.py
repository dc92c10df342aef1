"""The beats worked by hand in docs/units/ are what the AXI4-Stream tops compute."""

import re
from pathlib import Path

import pytest
from amaranth.sim import Simulator

from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.rtl import latency
from vit2rtl.rtl.stream.axi_stream import AxiStreamTop

FOLDER = Path(__file__).parents[3] / "docs" / "units"
# A stream's beats on a line; the last one has tlast.
EXAMPLE = re.compile(r"```text\n(\w+)(.*)\n((?:[ms]_axis\w*_tdata = .*\n)+)```", re.MULTILINE)
PATIENCE = 100


def page(name):
    """The page of a unit; a missing one is a sentence."""
    file = FOLDER / f"{name}.md"
    assert file.exists(), f"Unit {name} has no page: add docs/units/{name}.md"
    return file.read_text("utf-8")


EXAMPLES = {name: match.groups() for name in UNITS for match in EXAMPLE.finditer(page(name))}


def test_every_unit_has_its_beats_and_its_page_is_listed():
    assert {name: example[0] for name, example in EXAMPLES.items()} == {n: n for n in UNITS}
    assert {file.stem for file in FOLDER.iterdir()} == {*UNITS, "README"}
    assert re.findall(r"^\| \[`\w+`\]\((\w+)\.md\)", page("README"), re.MULTILINE) == list(UNITS)


def read(example):
    """The instance, its configuration, and of each stream the digits of its beats."""
    name, settings, lines = example
    values = {key: int(value) for key, value in re.findall(r"(\w+)=(-?\d+)", settings)}
    parameters = {key: values.pop(key) for key in UNITS[name].parameters if key in values}
    instance = Instance.of(name, **parameters)
    texts = dict(re.findall(r"^(\w+)_tdata = (.*)$", lines, re.MULTILINE))
    beats = {s.name: re.findall(r"0x(\w+)", texts[s.axi]) for s in instance.streams}
    return instance, values, beats


@pytest.mark.parametrize("name", EXAMPLES)
def test_beats_worked_by_hand(name):
    instance, values, beats = read(EXAMPLES[name])
    top = AxiStreamTop(instance)
    seen = {s.name: [] for s in instance.sinks}
    sent = {s.name: 0 for s in instance.streams if s.enters}

    async def testbench(ctx):
        for key, value in values.items():
            ctx.set(getattr(top, key), value)
        ctx.set(top.aresetn, 1)
        for s in instance.sinks:
            ctx.set(getattr(top, f"{s.axi}_tready"), 1)
        await clocked(ctx, top, instance.tables, beats, sent, seen)
        await clocked(ctx, top, instance.sources, beats, sent, seen)

    simulator = Simulator(top)
    simulator.add_testbench(testbench)
    simulator.run()
    for s in instance.streams:
        assert {len(digits) for digits in beats[s.name]} == {s.tdata_width // 4}
    for s in instance.sinks:
        _, results, lasts = zip(*seen[s.name], strict=True)
        assert results == tuple(int(digits, 16) for digits in beats[s.name])
        assert lasts == (0,) * (len(results) - 1) + (1,)
    if instance.lane_wise:
        assert seen["o"][0][0] == latency(instance)


async def clocked(ctx, top, streams, beats, sent, seen):
    """Send the beats of some streams; take what comes, with its cycle, for ``PATIENCE`` cycles."""
    for cycle in range(PATIENCE):
        for s in streams:
            valid = sent[s.name] < len(beats[s.name])
            ctx.set(getattr(top, f"{s.axi}_tvalid"), valid)
            if valid:
                ctx.set(getattr(top, f"{s.axi}_tdata"), int(beats[s.name][sent[s.name]], 16))
                ctx.set(getattr(top, f"{s.axi}_tlast"), sent[s.name] == len(beats[s.name]) - 1)
        for s in streams:
            sent[s.name] += ctx.get(getattr(top, f"{s.axi}_tvalid")) & ctx.get(
                getattr(top, f"{s.axi}_tready"))
        for s in top.instance.sinks:
            if ctx.get(getattr(top, f"{s.axi}_tvalid")):
                ports = (getattr(top, f"{s.axi}_{port}") for port in ("tdata", "tlast"))
                seen[s.name].append((cycle, *map(ctx.get, ports)))
        await ctx.delay(1e-7)
        ctx.set(top.aclk, 1)
        await ctx.delay(1e-7)
        ctx.set(top.aclk, 0)


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
