"""The device that computes: the CPU, or what else this torch has."""

import torch

# 13 bits: more than TF32 has, less than float32.
_INTEGER = 4097.0
_SIZE = 64


def find(name: str) -> torch.device:
    """The device of that name, once it has been seen to work.

    name     as ``torch.device`` takes it: ``cpu``, ``cuda``, ``cuda:1``
    raises   ValueError where torch has no such device here, or one on which integers in floats
             would not be exact: without float64, or with products of float32 in TF32
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).tolist()
    except (RuntimeError, AssertionError, ImportError) as error:
        why = str(error).partition("\n")[0].partition(". ")[0]
        raise ValueError(f"Device must be one that torch has here, as it has cpu, not {name!r} "
                         f"({why})") from error
    try:
        torch.zeros(1, dtype=torch.float64, device=device).tolist()
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"Device must have float64, in which integers are exact, as cpu and cuda "
                         f"have, not {name!r}") from error
    matrix = torch.full((_SIZE, _SIZE), _INTEGER, device=device)
    if not torch.equal(matrix @ torch.eye(_SIZE, device=device), matrix):
        raise ValueError(f"Device must multiply float32 in full, and {name!r} rounds it, by TF32: "
                         "unset TORCH_ALLOW_TF32_CUBLAS_OVERRIDE")
    return device
