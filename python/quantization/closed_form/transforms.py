"""Changes of basis within an attention head that leave the float network what it is.

q·kᵀ and attention times V see a head's channels only through products: an invertible T may stand
between them, ``q' = Tᵀ q`` and ``k' = T⁻¹ k``, folded into the layers on either side.
"""

import math

import torch

# Of a second moment's mean diagonal, added to the diagonal: heads may have dead channels.
REGULARIZATION = 0.02


def orthogonal(size: int) -> torch.Tensor:
    """float64[size, size] that spreads one channel over all: Hadamard's matrix (Sylvester) where
    the size is a power of two, else the discrete cosine transform."""
    if size & (size - 1) == 0:
        matrix = torch.ones(1, 1, dtype=torch.float64)
        two = torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=torch.float64)
        while len(matrix) < size:
            matrix = torch.kron(two, matrix)
        return matrix / math.sqrt(size)
    n = torch.arange(size, dtype=torch.float64)
    matrix = torch.cos(math.pi / size * (n[None] + 0.5) * n[:, None]) * math.sqrt(2 / size)
    matrix[0] /= math.sqrt(2)
    return matrix


def balancing(
    signal: torch.Tensor, importance: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """T and its inverse, float64[d, d], for a signal x' = Tᵀ x.

    With M the importance and ``M^½ C M^½ = V e Vᵀ``, ``T = M^½ V e^(-¼)``: signal and importance,
    the second moments of what is multiplied by each other, become the same diagonal ``e^½``, and
    the orthogonal matrix behind spreads it evenly over the channels.

    signal, importance   float64[d, d], symmetric, not negative
    """
    rotation = orthogonal(len(signal)).to(signal.device)
    identity = torch.eye(len(signal), dtype=torch.float64, device=signal.device)
    means = [float(matrix.diagonal().mean()) for matrix in (signal, importance)]
    if min(means) <= 0:
        return rotation, rotation.T
    c, m = (matrix / mean + REGULARIZATION * identity
            for matrix, mean in zip((signal, importance), means, strict=True))
    values, vectors = torch.linalg.eigh(m)
    root = (vectors * values.sqrt()) @ vectors.T
    inverse_root = (vectors / values.sqrt()) @ vectors.T
    values, vectors = torch.linalg.eigh(root @ c @ root)
    # The scale that the means took out: T Tᵀ is the geometric mean of importance and signal⁻¹.
    size = (means[1] / means[0]) ** 0.25
    quarter = values.clamp(min=1e-12 * float(values.max())) ** 0.25
    return (size * (root @ vectors / quarter) @ rotation,
            rotation.T @ (vectors * quarter).T @ inverse_root / size)
