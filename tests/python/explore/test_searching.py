"""The search's bench of trials, the cost that a space names, and a model's network as JSON."""

import pytest

from vit2rtl.explore.choices import Hardware, Recipe
from vit2rtl.explore.mixed.settings import Setting
from vit2rtl.explore.mixed.trials import TrialBench, cost_of
from vit2rtl.explore.plan import Planner
from vit2rtl.explore.space import Mixed
from vit2rtl.farm.run import TasksFailedError
from vit2rtl.farm.store import DONE, FAILED, Trial
from vit2rtl.farm.task import Task

DIGIT, NATIVE = (Hardware(8, 2, "LFE5U-85F", mac) for mac in ("digit", "native"))


def test_products_are_those_of_the_model(network):
    tokens, channels, hidden, blocks, heads = 50, 64, 256, 4, 4
    head = channels // heads
    block = (tokens * channels * 3 * channels + 2 * heads * tokens * tokens * head
             + tokens * channels * channels + 2 * tokens * channels * hidden)
    assert network.macs == 49 * 16 * channels + blocks * block + channels * 10
    assert [group.name for group in network.groups][:3] == [
        "patch_embed.proj", "blocks.0.attn.qkv", "blocks.0.attn"]
    assert network.shapes.image == (1, 28, 28)


@pytest.mark.parametrize(("cost", "hardware", "least", "most"), [
    ("bops", (), 0.25, 0.26), ("bytes", (), 0.5, 0.5), ("cycles", (NATIVE, DIGIT), 0.25, 0.3),
])
def test_costs_of_w4a4(network, cost, hardware, least, most):
    found = cost_of(Mixed((4, 8), cost, (0.5,)), Planner(network), hardware)
    share = found.share(network.groups, network.shapes.widths(4, 4))
    assert (found.name, least <= share <= most) == (cost, True)


@pytest.mark.parametrize(("cost", "hardware", "mac"), [
    ("cycles", (NATIVE,), "digit"), ("area", (DIGIT,), "native"), ("cycles", (), "digit")])
def test_costs_of_hardware_need_it(network, cost, hardware, mac):
    with pytest.raises(ValueError) as refused:
        cost_of(Mixed((4, 8), cost, (0.5,)), Planner(network), hardware)
    assert str(refused.value) == f"[mixed] cost {cost} needs [hardware] with mac {mac}"


def test_a_bench_measures_by_trials():
    asked = []

    def run(tasks):
        asked.extend(task.spec["recipe"] for task in tasks)
        return [Trial(task, DONE, {"sqnr_db": [float(len(task.spec["recipe"]["bits_of"]))]})
                for task in tasks]

    recipe = Recipe("repq", 8, 8, (("softmax", "uniform"),))
    bench = TrialBench((), recipe, lambda one: Task("m:f", 1, {"recipe": one.as_dict()}), run)
    assert bench.measure([Setting(4, 5), Setting(3, 3, ("head.*=8",))]) == [[0.0], [1.0]]
    assert asked == [
        {"method": "repq", "weight_bits": 4, "activation_bits": 5, "bits_of": [],
         "softmax": "uniform"},
        {"method": "repq", "weight_bits": 3, "activation_bits": 3, "bits_of": ["head.*=8"],
         "softmax": "uniform"}]
    bench.run = lambda tasks: [Trial(task, FAILED, error={"type": "ValueError", "message": "no"})
                               for task in tasks]
    with pytest.raises(TasksFailedError):
        bench.measure([Setting(4, 4)])
