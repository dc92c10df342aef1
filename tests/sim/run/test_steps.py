"""Steps of a regression as tasks of the farm."""

from pathlib import Path

import pytest

from vit2rtl.farm.pool import LocalPool
from vit2rtl.farm.store import Store
from vit2rtl.sim.run.options import Options
from vit2rtl.sim.run.regression import Regression, run_regression


def test_two_workers_give_the_results_of_a_serial_run_and_a_store_keeps_them(
    bundle_path, tmp_path, monkeypatch
):
    settings = {"simulators": ["icarus"], "units": ["log2_dequantizer"], "coverage": True}
    monkeypatch.chdir(tmp_path)
    store, seen = Store(tmp_path / "store"), []
    serial = run_regression(bundle_path, out="out", **settings)
    farmed = run_regression(bundle_path, out="out", cluster=LocalPool(2), store=store,
                            report=lambda *at: seen.append(at[1:]), **settings)
    assert [timeless(result) for result in farmed] == [timeless(result) for result in serial]
    assert str(farmed[0].log) == "out/icarus/log2_dequantizer_l2/protocol.log"
    assert seen == [(1, 2), (2, 2)]
    monkeypatch.setattr(Regression, "step", None)
    assert run_regression(bundle_path, out="out", store=store, **settings) == farmed
    assert {path.name for path in Path("out").iterdir()} == {"icarus"}


def timeless(result):
    return {**result.as_dict(), "seconds": None, "build_seconds": None}


def test_verilog_that_changes_before_its_step_is_not_simulated(bundle_path, tmp_path):
    options = {"simulators": ["icarus"], "units": ["log2_dequantizer"], "out": tmp_path}
    step, *_ = Regression(bundle_path, Options(**options)).tasks("")
    with pytest.raises(ValueError, match="have changed since log2_dequantizer_l2 was to be"):
        Regression(bundle_path, Options(**options, seed=1)).step(step.spec)
