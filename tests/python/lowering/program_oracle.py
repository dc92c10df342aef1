"""Vectors of a program computed once more: their files parsed, and every op in plain Python.

Nothing of the package is used. Integers are Python's, ratios are fractions; arrays of objects only
hold them. Reals of variant ``hardware`` are Python floats, their sums exact.
"""

import json
import struct

import numpy as np

from .program_oracle_ops import KINDS


class Bundle:
    """Arrays of a bundle's folder by name."""

    def __init__(self, root):
        self.root = root
        self.manifest = json.loads((root / "manifest.json").read_text())
        self.ops = {op["name"]: op for op in self.manifest["ops"]}
        self.described = {tensor["name"]: tensor for tensor in self.manifest["tensors"]}

    def tensor(self, name, image=0):
        tensor = self.described[name]
        return parse(self.root, tensor, (self.manifest["images"], *tensor["shape"]))[image]

    def constants(self, op):
        return {c["role"]: parse(self.root, c, tuple(c["shape"])) for c in op["constants"]}

    def compute(self, op, inputs):
        """What an op must give on these inputs."""
        output = self.described[op["output"]]
        made = KINDS[op["kind"]](op["attributes"] | op["derived"], self.constants(op), output,
                                 *inputs)
        return made.reshape(output["shape"])


def parse(root, array, shape):
    """object[*shape] from a ``.mem`` file, line by line."""
    layout = array["layout"]
    bits, lanes, columns = layout["bits"], layout["lanes"], layout["columns"]
    elements, row = [], []
    for line in (root / array["file"]).read_text().splitlines():
        assert len(line) == -(-bits * lanes // 4)
        beat = int(line, 16)
        row += [number(beat >> bits * lane & (1 << bits) - 1, layout) for lane in range(lanes)]
        if len(row) >= columns:
            elements += row[:columns]
            row = []
    assert not row
    made = np.empty(len(elements), object)
    made[:] = elements
    return made.reshape(shape)


def number(pattern, layout):
    if layout["number"] == "binary64":
        return struct.unpack(">d", pattern.to_bytes(8, "big"))[0]
    bits = layout["bits"]
    return pattern - (1 << bits) if layout["signed"] and pattern >> bits - 1 else pattern
