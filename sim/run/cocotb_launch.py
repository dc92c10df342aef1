"""Starts cocotb in a simulator: a process of its own, so that its parent can end all of it.

``python -m vit2rtl.sim.run.cocotb_launch JOB.json``: ``module`` with the benches, ``simulator``,
``top``, ``build``, ``folder``, ``seed``, ``plusargs`` and, where waves are wanted, ``waves``.
"""

import json
import os
import sys
from pathlib import Path

from cocotb_tools.runner import get_runner


def main(path: str) -> None:
    job = json.loads(Path(path).read_text(encoding="utf-8"))
    arguments, plusargs = [], []
    if job["simulator"] == "verilator":
        plusargs = ["+verilator+rand+reset+2", f"+verilator+seed+{job['seed'] + 1}"]
        if job["waves"]:
            arguments = ["--trace-file", job["waves"]]
    elif job["waves"]:
        plusargs = [f"+waves={job['waves']}"]
    os.environ["VIT2RTL_JOB"] = str(path)
    get_runner(job["simulator"]).test(
        test_module=job["module"],
        hdl_toplevel=job["top"],
        hdl_toplevel_lang="verilog",
        build_dir=job["build"],
        test_dir=job["folder"],
        results_xml=job["junit"],
        seed=job["seed"],
        test_args=arguments,
        plusargs=[*plusargs, *job["plusargs"]],
        waves=bool(job["waves"]),
    )


if __name__ == "__main__":
    main(sys.argv[1])
