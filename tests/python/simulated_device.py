"""A device that is none: tensors that say they are elsewhere, and refuse what a GPU's would.

Within :func:`simulated_device`, ``"simulated"`` is a device as ``"cuda"`` is one. Its operators are
computed by the CPU's, so that results are the CPU's bit for bit, and each that is given tensors of
both raises, as CUDA's does. What CUDA allows is allowed: one number on the CPU in an operator of
two tensors that acts on each element, and indices that are on the CPU.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "simulated"
_ATEN = torch.ops.aten
_CPU = torch.device("cpu")
# When this is imported, as pytest does before any test: autograd knows only the devices that torch
# had when it first ran. torch does not forget it again.
_setup_privateuseone_for_python_backend(NAME)
_MOVES = {_ATEN._to_copy.default, _ATEN.copy_.default}
_INDEXING = {_ATEN.index.Tensor, _ATEN.index_put.default, _ATEN.index_put_.default}


class SimulatedTensor(torch.Tensor):
    """A tensor of the simulated device; ``own`` is the CPU's with its numbers."""

    own: torch.Tensor

    @staticmethod
    def __new__(cls, own: torch.Tensor) -> "SimulatedTensor":
        # A view in inference mode of a tensor from outside it is none of inference mode's own.
        with torch.inference_mode(False):
            tensor = torch.Tensor._make_wrapper_subclass(
                cls, own.shape, strides=own.stride(), storage_offset=own.storage_offset(),
                dtype=own.dtype, device=torch.device(NAME, 0))
        tensor.own = own
        return tensor

    @classmethod
    def __torch_dispatch__(cls, operator, types, arguments=(), options=None):
        raise RuntimeError(f"Outside simulated_device(): {operator}")

    @property
    def data(self):
        return self.detach()

    @data.setter
    def data(self, other: "SimulatedTensor") -> None:
        torch.Tensor.data.__set__(self, other)
        self.own = other.own

    def __repr__(self, **options) -> str:
        return f"{NAME}({self.own!r})"

    def tolist(self):
        return self.own.tolist()


class _Mode(TorchDispatchMode):
    """Has all operators, those that are given no tensor of the device but may make one, too."""

    def __torch_dispatch__(self, operator, types, arguments=(), options=None):
        options = options or {}
        with self:
            parts = operator.decompose(*arguments, **options)
        return _run(operator, arguments, options) if parts is NotImplemented else parts


@contextmanager
def simulated_device() -> Iterator[str]:
    """The device's name, for as long as the device is there."""
    # Else torch.tensor(..., device=...) would pass the mode by.
    before = torch._C._only_lift_cpu_tensors()
    torch._C._set_only_lift_cpu_tensors(True)
    try:
        with _Mode():
            yield NAME
    finally:
        torch._C._set_only_lift_cpu_tensors(before)


def _run(operator, arguments, options):
    tensors = [*_tensors(arguments), *_tensors(options.values())]
    simulated = [isinstance(tensor, SimulatedTensor) for tensor in tensors]
    there = any(simulated)
    if there and not all(simulated) and operator not in _MOVES:
        _check(operator, arguments, options)
    device = options.get("device")
    if device is not None:
        there = device.type == NAME
        options = {**options, "device": _CPU} if there else options
    elif operator is _ATEN.copy_.default:
        there = isinstance(arguments[0], SimulatedTensor)
    result = operator(*_mapped(_own, arguments),
                      **{name: _mapped(_own, value) for name, value in options.items()})
    if not there:
        return result
    return return_and_correct_aliasing(
        operator, arguments, options, _mapped(SimulatedTensor, result))


def _check(operator, arguments, options) -> None:
    """A RuntimeError, as CUDA's, unless an operator takes those of its tensors that are not the
    device's from the CPU."""
    schema = operator._schema.arguments
    named = [*zip(schema, arguments, strict=False),
             *((argument, options[argument.name]) for argument in schema
               if argument.name in options)]
    elements = operator in _INDEXING or (
        torch.Tag.pointwise in operator.tags
        and sum("Tensor" in str(argument.type) for argument in schema) <= 2
    ) or operator is _ATEN.where.self
    for argument, value in named:
        written = argument.alias_info is not None and argument.alias_info.is_write
        index = operator in _INDEXING and argument.name == "indices"
        for tensor in _tensors([value]):
            number = elements and not written and tensor.ndim == 0
            if not (isinstance(tensor, SimulatedTensor) or index or number):
                raise RuntimeError(
                    f"{operator}: Expected all tensors to be on the same device, but found at "
                    f"least two devices, {NAME}:0 and {tensor.device}!")


def _own(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.own if isinstance(tensor, SimulatedTensor) else tensor


def _tensors(values) -> Iterator[torch.Tensor]:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _tensors(value)


def _mapped(function: Callable[[torch.Tensor], torch.Tensor], value: Any) -> Any:
    """A tensor, or lists of them, each by the function."""
    if isinstance(value, torch.Tensor):
        return function(value)
    if isinstance(value, (list, tuple)):
        return type(value)(_mapped(function, one) for one in value)
    return value
