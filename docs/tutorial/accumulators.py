"""How large the sums of every linear op become, as text and as accumulators.png."""

import json
import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

BITS = 11  # of the example accelerator's accumulator

bundle = Path(sys.argv[1])
manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
tensors, constants = np.load(bundle / "tensors.npz"), np.load(bundle / "constants.npz")
sums = {}
for op in (op for op in manifest["ops"] if op["kind"] == "linear"):
    weight, zero_point, bias = (constants[f"{op['name']}/{role}"].astype(int)
                                for role in ("weight", "weight_zero_point", "bias"))
    x = tensors[op["inputs"][0]].astype(int)
    acc = x @ (weight - zero_point[:, np.newaxis]).T + bias
    sums[op["name"]] = acc.ravel()
    print(f"{op['name']:<22}{acc.min():>6} to {acc.max():>4}, whatever the image: "
          f"{op['derived']['accumulator_bits']} bits")

figure = Figure(figsize=(9, 3), layout="constrained")
axes = figure.subplots()
axes.hlines(range(len(sums)), [s.min() for s in sums.values()], [s.max() for s in sums.values()],
            color="#56B4E9", linewidth=9)
for n, acc in enumerate(sums.values()):
    beyond = acc[(acc < -(1 << BITS - 1)) | (acc >= 1 << BITS - 1)]
    axes.scatter(beyond, np.full(len(beyond), n), color="#D55E00", zorder=3)
for edge in (-(1 << BITS - 1), (1 << BITS - 1) - 1):
    axes.axvline(edge, color="#D55E00", linestyle="--")
    axes.text(edge, -0.75, f"{edge}", color="#D55E00", ha="center", va="bottom")
axes.set_yticks(range(len(sums)), list(sums))
axes.set_ylim(len(sums) - 0.5, -0.8)
axes.set_xlabel("smallest to largest sum of one image, and what 11 bits hold")
figure.savefig("accumulators.png", dpi=110)
