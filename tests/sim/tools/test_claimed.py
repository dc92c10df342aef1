"""A folder that two runs write to at once would have the results of neither."""

import subprocess
import sys

import pytest

from vit2rtl.sim.run.regression import run_regression
from vit2rtl.sim.tools.claimed import claimed


def test_a_folder_in_use_is_refused_and_free_afterwards(tmp_path):
    out = tmp_path / "runs" / "one"
    with claimed(out):
        with pytest.raises(ValueError) as error, claimed(out):
            pass
        assert str(error.value) == (f"{out} is in use by another run: wait for it, or choose "
                                    "another folder with --out")
        with claimed(tmp_path / "runs" / "two"):
            pass
    with claimed(out):
        pass
    assert list(out.iterdir()) == []


def test_a_run_that_was_killed_leaves_the_folder_free(tmp_path):
    script = ("import os, sys; from vit2rtl.sim.tools.claimed import claimed\n"
              "with claimed(sys.argv[1]): os._exit(9)")
    assert subprocess.run([sys.executable, "-c", script, tmp_path]).returncode == 9
    with claimed(tmp_path):
        pass


def test_the_second_of_two_simulations_says_so(bundle_path, tmp_path):
    with claimed(tmp_path), pytest.raises(ValueError, match=r" is in use by another run: "):
        run_regression(bundle_path, simulators=("icarus",), out=tmp_path)
