"""Devices by name, and the simulated one that stands for a GPU in the tests."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from tests.python.simulated_device import NAME, SimulatedTensor, simulated_device
from vit2rtl import quantize
from vit2rtl.models import devices, embedded

MUST = "Device must be one that torch has here, as it has cpu, not"


class Changed(TorchDispatchMode):
    """Operators get the arguments that ``change(operator, arguments, options)`` gives."""

    def __init__(self, change):
        super().__init__()
        self._change = change

    def __torch_dispatch__(self, operator, types, arguments=(), options=None):
        arguments = self._change(operator, arguments, options or {})
        return operator(*arguments, **options or {})


def refusal(name):
    with pytest.raises(ValueError) as error:
        devices.find(name)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def test_a_device_that_works_is_found():
    assert devices.find("cpu") == torch.device("cpu")
    with simulated_device() as device:
        assert devices.find(device) == torch.device(NAME)
        assert devices.find(f"{device}:0").index == 0


@pytest.mark.parametrize("name", ["gpu", "", "cuda:x", "CPU"])
def test_a_name_that_torch_does_not_know(name):
    assert refusal(name).startswith(f"{MUST} {name!r} (")


@pytest.mark.parametrize("name", ["cuda:97", "xpu:97", "mps", "meta", "vulkan", "hpu"])
def test_a_device_that_is_not_here(name):
    if name == "mps" and torch.backends.mps.is_available():
        pytest.skip("it is here")
    said = refusal(name)
    assert said.startswith(f"{MUST} {name!r} (") and len(said) < 250


def test_a_device_without_float64():
    """As mps: its error is a TypeError, too."""
    def change(operator, arguments, options):
        if options.get("dtype") is torch.float64:
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype")
        return arguments

    with Changed(change):
        assert refusal("cpu") == (
            "Device must have float64, in which integers are exact, as cpu and cuda have, "
            "not 'cpu'")


def test_a_device_whose_products_are_rounded():
    """To 10 bits of mantissa, as TF32 is."""
    def change(operator, arguments, options):
        if operator is not torch.ops.aten.mm.default:
            return arguments
        return [((x.view(torch.int32) + (1 << 12)) & -(1 << 13)).view(torch.float32)
                for x in arguments]

    with Changed(change):
        assert refusal("cpu") == (
            "Device must multiply float32 in full, and 'cpu' rounds it, by TF32: "
            "unset TORCH_ALLOW_TF32_CUBLAS_OVERRIDE")


def test_the_api_quantizes_on_the_cpu_a_copy_of_a_module_that_is_elsewhere(digits):
    due = quantize(embedded.create(), digits[:4], "w8a8", arguments={}).state_dict()
    with simulated_device() as device:
        network = embedded.create().to(device)
        state = quantize(network, digits[:4], "w8a8", arguments={}).state_dict()
        assert all(isinstance(parameter, SimulatedTensor) for parameter in network.parameters())
    assert all(type(state[name]) is not SimulatedTensor and state[name].equal(tensor)
               for name, tensor in due.items())


@pytest.fixture
def pair():
    """Two tensors, there and on the CPU."""
    with simulated_device() as device:
        yield torch.tensor([1.0, 2.0, 3.0], device=device), torch.ones(3)


def test_the_simulated_device_refuses_tensors_of_both(pair):
    there, here = pair
    one = torch.tensor(1.0)
    for mixed in (
        lambda: there + here, lambda: here * there, lambda: torch.where(there > 1, there, here),
        lambda: torch.cat([there, here]), lambda: torch.stack([there[0], one]),
        lambda: there @ here, lambda: one.add_(there[0]), lambda: there.lerp(there, one),
        lambda: here[there > 1], lambda: torch.bucketize(there, here),
        lambda: there.mul_(here), lambda: torch.minimum(there, here), lambda: here.add_(there),
    ):
        with pytest.raises(RuntimeError, match=r"least two devices, simulated:0 and cpu!$"):
            mixed()
    for array in (there.numpy, there.__array__):
        with pytest.raises((TypeError, RuntimeError)):
            array()


def test_the_simulated_device_allows_what_cuda_allows(pair):
    there, here = pair
    number = torch.tensor(2.0)
    assert (there * number).tolist() == [2, 4, 6] and (number - there).tolist() == [1, 0, -1]
    assert torch.where(there > 1, number, there).tolist() == [1, 2, 2]
    assert there[torch.tensor([2, 0])].tolist() == [3, 1]
    there[1:] = 0.5
    there[there == 1] = number
    assert there.tolist() == [2, 0.5, 0.5]
    assert there.sum().item() == float(there.sum()) == 3
    assert here.copy_(there).tolist() == there.copy_(here).tolist() == [2, 0.5, 0.5]


def test_tensors_of_the_simulated_device_stay_there(pair):
    there, here = pair
    for tensor in (there + 1, there[:2], there.double(), there.new_zeros(2), there.view(3, 1),
                   torch.zeros_like(there), torch.ones_like(here, device=NAME), here.to(there),
                   torch.arange(3, device=NAME), torch.as_tensor(1.0, device=NAME)):
        assert isinstance(tensor, SimulatedTensor) and tensor.device == torch.device(NAME, 0)
    assert type(there.cpu()) is torch.Tensor and there.cpu().device == here.device
    layer = torch.nn.Linear(3, 2).to(NAME)
    layer(there).sum().backward()
    assert all(isinstance(p, SimulatedTensor) and isinstance(p.grad, SimulatedTensor)
               for p in layer.parameters())
