"""Changes of an accepted op and its tensors, one at a time."""

from dataclasses import replace

import numpy as np


def output(**change):
    return lambda op, inputs: setattr(op, "output", replace(op.output, **change))


def source(place, **change):
    return lambda op, inputs: inputs.__setitem__(place, replace(inputs[place], **change))


def attribute(**change):
    return lambda op, inputs: op.attributes.update(change)


def constant(**change):
    return lambda op, inputs: op.tensors.update(
        {role: np.array(values) for role, values in change.items()})
