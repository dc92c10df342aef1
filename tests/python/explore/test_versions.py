"""Stored trials stay true: where one of these figures changes, raise the version of its function.

Sums of floats differ in their last bits between processors, and then the scales that a search
finds: hence 8 bits, where that is some tenths of a dB, and bounds. Cycles may not differ.
"""

import pytest

from vit2rtl.explore import network as networks
from vit2rtl.explore import plan, schedule
from vit2rtl.explore.choices import Hardware, Recipe
from vit2rtl.explore.plan import Planner
from vit2rtl.explore.sources import SETS, source_of
from vit2rtl.explore.space import read

RECIPE, FOUR_BITS = Recipe("repq", 8, 8), Recipe("repq", 4, 4)
ACCURACY, TOP1 = 33.19, 100.0
RATIOS = [25.3, 31.0, 30.3, 33.8]


@pytest.fixture
def source(tmp_path):
    (tmp_path / "space.toml").write_text(
        'model = "mnist_vit"\ncalibrate = 8\nevaluate = 20\n[mixed]\nbudgets = [0.3]\nsearch = 4\n')
    return source_of(read(tmp_path / "space.toml"))


@pytest.fixture
def files(source, tmp_path):
    paths = {key: tmp_path / f"{key}.txt" for key in SETS}
    for key, path in paths.items():
        path.write_text("".join(f"{name}\n" for name in getattr(source, key)))
    return {key: str(path) for key, path in paths.items()}


def test_accuracy_1(source, files):
    assert plan.ACCURACY_VERSION == 1
    found = plan.accuracy_task(source, RECIPE, files).call()
    assert found["sqnr_db"] == pytest.approx(ACCURACY, abs=0.5)
    assert (found["top1"], found["images"]) == (TOP1, 20)
    each = plan.ratios_task(source, RECIPE, files, "search").call()["sqnr_db"]
    assert each == pytest.approx(RATIOS, abs=1)


def test_cycles_1_and_network_1(network):
    assert (schedule.VERSION, networks.VERSION) == (1, 1)
    planner = Planner(network)
    point = planner.point(FOUR_BITS, Hardware(8, 2, "LFE5U-85F", "digit"))
    assert planner.cycles_task(point).call()["cycles"] == 145_806
    assert network.macs == 11_161_216
