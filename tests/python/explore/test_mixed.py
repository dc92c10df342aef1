"""The search, on benches whose noise is known: against every assignment there is."""

import itertools
import re
from dataclasses import dataclass, field

import numpy as np
import pytest

from vit2rtl.explore.mixed import costs
from vit2rtl.explore.mixed.belief import Belief
from vit2rtl.explore.mixed.candidates import Candidate, choose
from vit2rtl.explore.mixed.groups import Group, Product
from vit2rtl.explore.mixed.search import Search, search
from vit2rtl.explore.mixed.sensitivity import around, decibels
from vit2rtl.explore.mixed.settings import Setting

WIDTHS = (3, 4, 6)
IMAGES = 12


def group(name, macs, *, weights=True):
    product = Product(f"{name}.input", f"{name}.weight" if weights else f"{name}.other",
                      macs, 1, 1)
    own = ((product.right,), (product.left,)) if weights else ((), (product.left, product.right))
    return Group(name, *own, (product,))


GROUPS = (group("first", 5), group("attn", 2, weights=False), group("second", 7),
          group("third", 3), group("head", 1))
# What each quantity adds to the noise at 0 bits, a quarter of it with each bit.
SIZES = {"first": 0.4, "attn": 5.0, "second": 0.2, "third": 1.0, "head": 9.0}


@dataclass
class Bench:
    """Noise of rounding errors that add up, and of images: ``chance`` dB, the same for a setting
    each time."""

    sizes: dict = field(default_factory=lambda: SIZES)
    chance: float = 0.0
    groups: tuple = GROUPS
    seen: list = field(default_factory=list)

    def power(self, setting):
        bits = setting.bits(self.groups)
        return sum(self.sizes[name.partition(".")[0]] * 4.0 ** -each
                   for name, each in bits.items())

    def measure(self, settings):
        self.seen += settings
        return [[decibels(self.power(one)) + self.chance * luck for luck in self._luck(one)]
                for one in settings]

    @staticmethod
    def _luck(setting):
        seed = [*f"{setting}".encode()]
        return np.random.default_rng(seed).standard_normal(IMAGES)


def best_of_all(bench, cost, budget):
    """The least noise that any assignment within a budget has."""
    powers = []
    for pairs in itertools.product(*(each.pairs(WIDTHS, apart=False) for each in GROUPS)):
        setting = Setting(4, 4, tuple(
            each.rule(pair) for each, pair in zip(GROUPS, pairs, strict=True)))
        if cost.share(GROUPS, setting.bits(GROUPS)) <= budget:
            powers.append(bench.power(setting))
    return min(powers)


def setting_of(row):
    return Setting(row["weights"], row["activations"], tuple(row["bits_of"]))


@pytest.mark.parametrize("cost", [costs.bops(), costs.mean_bits(), costs.weight_bytes()],
                         ids=lambda cost: cost.name)
@pytest.mark.parametrize("share", [0.9, 1.0, 1.3])
def test_the_best_assignment_is_found_where_noise_adds_up(cost, share):
    bench = Bench()
    budget = share * cost.share(GROUPS, Setting(4, 4).bits(GROUPS))
    found = search(bench, cost, [budget], WIDTHS)
    (row,) = found.settings
    assert row["cost"] <= budget * (1 + 1e-6)
    assert row["cost"] == cost.share(GROUPS, setting_of(row).bits(GROUPS))
    assert bench.power(setting_of(row)) == pytest.approx(best_of_all(bench, cost, budget))
    assert row["predicted_db"] == pytest.approx(row["measured_db"])


def test_every_candidate_is_measured_once_and_counted():
    bench = Bench()
    found = search(bench, costs.bops(), [0.2, 0.25, 0.4], WIDTHS)
    assert len(bench.seen) == len(set(bench.seen)) == found.evaluations
    assert {setting_of(row) for row in found.candidates} <= set(bench.seen)
    assert [row["budget"] for row in found.settings] == [0.2, 0.25, 0.4]
    assert all(row["cost"] <= row["budget"] * (1 + 1e-6) for row in found.candidates)
    for row in found.candidates:
        assert row["measured_db"] == pytest.approx(decibels(bench.power(setting_of(row))))
    assert {row["anchor"] for row in found.sensitivity} == {"w3a3", "w4a4", "w6a6"}


@pytest.mark.parametrize("apart", [False, True], ids=["together", "apart"])
@pytest.mark.parametrize("budgets", [[0.25], [0.2, 0.25, 0.4]])
@pytest.mark.parametrize("cost", [costs.bops(), costs.area(lambda pair: pair[0] * pair[1])],
                         ids=lambda cost: cost.name)
def test_no_more_is_measured_than_what_is_said_before(cost, budgets, apart):
    asked = {}
    for judge in (None, Bench()):
        bench = Bench(chance=1.0)
        most = Search(bench, cost, WIDTHS, apart=apart).most(budgets, judged=judge is not None)
        assert bench.seen == []
        search(bench, cost, budgets, WIDTHS, apart=apart, judge=judge)
        asked[judge is None] = most, (len(bench.seen), len(judge.seen) if judge else 0)
    for most, measured in asked.values():
        assert measured <= most
        # Rounds end where the best assignment is known.
        assert sum(most) - sum(measured) <= 2 * 12 * len(budgets)
    with pytest.raises(ValueError, match=r"Budget 0\.01 of cost .* is below"):
        Search(Bench(), cost, WIDTHS).most([0.01], judged=False)


def test_weights_and_activations_apart():
    bench = Bench()
    budget = costs.mean_bits().share(GROUPS, Setting(4, 4).bits(GROUPS))
    seen = around(bench, 4, (4, 6), apart=True)
    assert len(seen.moved) == 2 * 4 + 1
    (first, *_) = GROUPS
    want = SIZES["first"] * 2 * (4.0 ** -6 - 4.0 ** -4)
    assert seen.added(first, (6, 6)) == pytest.approx(want)
    assert seen.fitted(first, (6, 6)) == pytest.approx(want)
    assert seen.added(first, (6, 4)) == seen.expected(first, (4, 6)) == pytest.approx(want / 2)
    apart, together = (search(bench, costs.mean_bits(), [budget], WIDTHS, apart=way).settings[0]
                       for way in (True, False))
    assert bench.power(setting_of(apart)) <= bench.power(setting_of(together))


def test_rows_of_sensitivity():
    bench = Bench()
    rows = around(bench, 4, WIDTHS).rows()
    anchor = bench.power(Setting(4, 4))
    assert len(rows) == 2 * len(GROUPS)
    assert {"group": "head", "weights": 6, "activations": 6, "anchor": "w4a4"}.items() <= (
        rows[-1].items())
    for row in rows:
        assert row["sqnr_db"] == pytest.approx(decibels(anchor + row["noise"]))


def test_a_setting_that_is_not_ahead_leaves_the_uniform_one():
    """All the noise is chance."""
    bench = Bench({name: 1.0 for name in SIZES}, chance=3.0)
    found = search(bench, costs.bops(), [0.25], WIDTHS)
    assert [row["source"] for row in found.settings] == ["uniform"]


def test_other_images_choose():
    """Images that rank see noise which those that judge do not."""
    flat, judge = Bench(), Bench({name: 1.0 for name in SIZES} | {"second": 90.0})
    found = search(flat, costs.bops(), [0.25], WIDTHS, judge=judge)
    (row,) = found.settings
    assert row["measured_db"] == pytest.approx(decibels(judge.power(setting_of(row))))
    assert row["measured_db"] == max(each["measured_db"] for each in found.candidates)
    assert found.evaluations == len(flat.seen) + len(judge.seen)


def test_area_is_of_the_widest_so_that_uniform_settings_are_best():
    cost = costs.area(lambda pair: pair[0] * pair[1])
    found = search(Bench(), cost, [0.3], WIDTHS)
    assert {row["source"] for row in found.candidates} <= {"uniform", "preset"}
    assert found.settings[0]["name"] == "w4a4" and found.sensitivity == []


def test_a_budget_below_the_least_is_an_error():
    with pytest.raises(ValueError, match=re.escape(
            "Budget 0.01 of cost bops is below 0.141, which w3a3 costs: give more, or widths "
            "below 3")):
        search(Bench(), costs.bops(), [0.01], WIDTHS)


def test_choice_by_standard_errors():
    plain, other = (Candidate(Setting(4, 4, rules), 0.25, source)
                    for rules, source in (((), "uniform"), (("head.*=6",), "assigned")))
    ratios = {plain.setting: [10.0, 12.0], other.setting: [11.0, 15.0]}
    # Ahead by 1 and 3: by 2 on average, with a standard error of 1.
    assert choose([plain, other], ratios, 1.9) is other
    assert choose([plain, other], ratios, 2.1) is plain
    assert choose([other], ratios, 2.1) is other


def test_an_assignment_must_be_ahead_of_the_preset_that_is_chosen_without():
    plain, preset, other = (
        Candidate(Setting(4, 4, rules), 0.25, source) for rules, source in (
            ((), "uniform"), (("*.fc2.input=5",), "preset"), (("head.*=6",), "assigned")))
    # The assignment is ahead of the preset by -1 and 3: by 1, with a standard error of 2.
    ratios = {plain.setting: [10.0, 12.0], preset.setting: [15.0, 16.0],
              other.setting: [14.0, 19.0]}
    assert choose([plain, preset, other], ratios, 1.0) is preset
    assert choose([plain, preset, other], ratios, 0.4) is other
    assert choose([plain, other], ratios, 1.0) is other
    # A preset that is not ahead is no bar.
    assert choose([plain, preset, other], ratios | {preset.setting: [9.0, 9.0]}, 1.0) is other


def test_a_belief_gives_up_an_option_that_promised_too_much():
    belief = Belief(["a", "a", "b", "b"], [0, -0.5, 0, -0.3], [True, False, True, False],
                    [1, 2, 1, 2])
    chosen = belief.best(3)
    assert chosen.tolist() == [False, True, True, False]
    assert belief.predicted(chosen) == 0.5
    belief.learn(chosen, 1.1)
    assert belief.mean[0] == belief.mean[2] == 0
    assert belief.best(3).tolist() == [True, False, False, True]
    assert belief.best(1) is None
