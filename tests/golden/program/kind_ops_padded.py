"""The same for what gathers beyond the last token."""

from dataclasses import replace

import numpy as np

from .kind_ops import gather


def gather_padded():
    op, inputs = gather()
    op.tensors |= {"index": np.array([[3, 4], [4, 1]]), "pad": np.array([0, 15, 3, 1, 2, 7])}
    return op, inputs


def gather_padded_reals():
    op, inputs = gather()
    op.tensors |= {"index": np.array([[3, 4], [4, 1]]), "pad": np.zeros(6, np.int8)}
    real = {"bits": 64, "signed": True, "encoding": "float64", "scale": 1.0, "zero_point": 0}
    op.output = replace(op.output, **real)
    return op, [replace(inputs[0], **real)]


ALL = (gather_padded, gather_padded_reals)
