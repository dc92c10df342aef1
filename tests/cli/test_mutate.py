"""``vit2rtl mutate``: what it prints, where it writes, how it exits."""

import json

import pytest

from tests.every import long
from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.sim.mutation import axi, netlist, run
from vit2rtl.sim.mutation.score import Score
from vit2rtl.sim.units import FACES

INSTANCE = Instance.of("log2_dequantizer", lanes=2)


def scored(mutated, survivors):
    """A score in which all mutants but those are killed."""
    killed = [n for n in range(1, len(mutated.mutants) + 1) if n not in survivors]
    return Score(
        instance=mutated.instance.name,
        unit=mutated.instance.unit.name,
        parameters=dict(mutated.instance.parameters),
        mutants=mutated.mutants,
        killed={"replay": killed, "reset": []},
        equivalent=[],
        survivors=survivors,
        seconds=1.0,
    )


@pytest.fixture
def surviving(monkeypatch):
    """Decides which mutants survive; the benches have tests of their own."""

    def surviving(*numbers):
        monkeypatch.setattr(
            run, "score", lambda mutated, **given: scored(mutated, list(numbers))
        )

    return surviving


@long
def test_a_line_for_each_unit_and_exit_0(command, surviving):
    surviving()
    code, out, _ = command("mutate", "--count", 4)
    assert code == 0
    names = [Instance.of(unit, lanes=2, **FACES[unit].mutated).name for unit in UNITS]
    assert out.splitlines() == [
        f"{name}: 4 mutants, 4 killed (replay 4), 0 equivalent, 0 survived: 100.0%"
        for name in names
    ]


def test_survivors_are_shown_and_a_low_score_is_exit_1(command, surviving):
    surviving(2)
    code, out, err = command("mutate", "log2_dequantizer", "--count", 4, "--seed", 5)
    mutants = netlist.sample(INSTANCE, count=4, seed=5)
    assert code == 1
    assert out.splitlines() == [
        f"{INSTANCE.name}: 4 mutants, 3 killed (replay 3), 0 equivalent, 1 survived: 75.0%",
        f"    2: {mutants[1]}",
    ]
    assert err == f"vit2rtl: The score of {INSTANCE.name} is below 95%\n"


def test_json_is_what_out_keeps(command, surviving, tmp_path):
    surviving(1)
    out = tmp_path / "report"
    code, text, _ = command("mutate", "log2_dequantizer", "--count", 2, "--json", "--out", out)
    assert code == 1
    printed = json.loads(text)
    assert printed == json.loads((out / "mutation.json").read_text())
    (unit,) = printed["units"]
    assert unit["score"] == 0.5
    assert unit["killed"] == {"replay": 1, "reset": 0}
    assert [survivor["number"] for survivor in unit["survivors"]] == [1]
    folder = out / INSTANCE.name
    assert sorted(path.name for path in folder.iterdir()) == [
        f"{INSTANCE.name}.v", f"{INSTANCE.name}_axis.v", "mutants",
    ]
    again, *_ = command("mutate", "log2_dequantizer", "--count", 2, "--json", "--out", out)
    assert again == 1


def test_the_top_around_the_unit(command, monkeypatch, tmp_path):
    def score(mutated, **given):
        name = f"{mutated.registers.instance.name}_axi"
        return Score(name, "log2_dequantizer", {}, mutated.mutants, {"registers": [1, 2]}, [], [])

    monkeypatch.setattr(axi, "score", score)
    out = tmp_path / "report"
    code, text, _ = command(
        "mutate", "log2_dequantizer", "--top", "axi", "--count", 2, "--out", out)
    assert (code, text) == (0, f"{INSTANCE.name}_axi: 2 mutants, 2 killed (registers 2), "
                               "0 equivalent, 0 survived: 100.0%\n")
    assert (out / f"{INSTANCE.name}_axi/mutants/{INSTANCE.name}_axi_bench.v").is_file()


def test_an_interrupt_leaves_nothing(command, monkeypatch, tmp_path):
    def interrupted(mutated, **given):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "score", interrupted)
    code, *_ = command("mutate", "log2_dequantizer", "--count", 2, "--out", tmp_path / "report")
    assert code not in (0, None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["adder"], f"UNIT must be one of {', '.join(UNITS)}, not 'adder'"),
        (["log2_dequantizer", "--acc-width", 8],
         "log2_dequantizer has no option --acc-width; "
         "it has --lanes, --bits, --width, --zero-code"),
        (["--vectors", "bundle", "--lanes", 2],
         "The instances are those of the vectors: leave out --lanes"),
        (["--vectors", "bundle", "--top", "axi"],
         "The benches of the AXI4-Lite top take no vectors: leave out --vectors"),
        (["--vectors", "bundle"], "bundle is not a bundle: it has no manifest.json"),
    ],
)
def test_what_cannot_be_is_one_line(command, arguments, message):
    code, _, err = command("mutate", *arguments)
    assert code == 2
    assert message in err.splitlines()[-1]
    assert "Traceback" not in err


@pytest.mark.parametrize(("arguments", "said"), [
    (("--cluster", "tcp://127.0.0.1:9"), "Missing option '--store': a folder that all nodes share"),
    (("--cluster", "pbs"), "Cluster must be local, slurm, lsf, tcp://HOST:PORT or a scheduler's "
                           "file NAME.json, not 'pbs'"),
    (("--top", "axi", "--cluster", "tcp://127.0.0.1:9"),
     "Missing option '--store': a folder that all nodes share"),
    (("--jobs", "0"), "0 is not in the range x>=1"),
])
def test_where_mutants_cannot_be_simulated(command, arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = command("mutate", "log2_dequantizer", *arguments)
    assert (code, out) == (2, "") and said in err.splitlines()[-1]
    assert [*tmp_path.iterdir()] == []
