"""Stored trials stay true: where one of these figures changes, raise the version of its function.

Sums of floats may differ in their last bits between processors, cycles may not.
"""

import pytest

from vit2rtl.explore import network as networks
from vit2rtl.explore import plan, schedule
from vit2rtl.explore.choices import Hardware, Recipe
from vit2rtl.explore.plan import Planner
from vit2rtl.explore.sources import SETS, source_of
from vit2rtl.explore.space import read

RECIPE = Recipe("repq", 4, 4)
ACCURACY, TOP1 = 19.991445, 100.0
RATIOS = [18.354111, 22.386812, 17.904364, 22.098793]


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
    assert found["sqnr_db"] == pytest.approx(ACCURACY, abs=0.05)
    assert (found["top1"], found["images"]) == (TOP1, 20)
    each = plan.ratios_task(source, RECIPE, files, "search").call()["sqnr_db"]
    assert each == pytest.approx(RATIOS, abs=0.1)


def test_cycles_1_and_network_1(network):
    assert (schedule.VERSION, networks.VERSION) == (1, 1)
    planner = Planner(network)
    point = planner.point(RECIPE, Hardware(8, 2, "LFE5U-85F", "digit"))
    assert planner.cycles_task(point).call()["cycles"] == 145_806
    assert network.macs == 11_161_216
