"""How far the quantized model's probabilities are from the float model's."""

import torch

# The temperature is searched between 2^-4 and 2^4.
_OCTAVES = 4.0
_HALVINGS = 40


def kl_divergence(
    reference: torch.Tensor, predicted: torch.Tensor, temperature: float
) -> torch.Tensor:
    """KL(softmax(reference) ‖ softmax(predicted / temperature)) in nats, float64[n].

    reference, predicted   logits, float32[n, classes]
    """
    p = reference.double().log_softmax(1)
    q = (predicted.double() / temperature).log_softmax(1)
    return (p.exp() * (p - q)).sum(1).clamp_(min=0)


def fit_temperature(reference: torch.Tensor, predicted: torch.Tensor) -> float:
    """The one temperature of all predicted logits with the least mean KL divergence.

    Quantization makes logits smaller or larger as a whole, which changes no answer and is undone
    by one factor (temperature scaling: Guo et al., ICML 2017, there fitted to labels, here to the
    float model's probabilities); without it, that factor would rank settings. The divergence is
    convex in the factor 1 / temperature, so that its slope is bisected.
    """
    p, q = reference.double().softmax(1), predicted.double()
    wanted = (p * q).sum()
    low, high = -_OCTAVES, _OCTAVES
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if ((q * 2.0**middle).softmax(1) * q).sum() >= wanted:
            high = middle
        else:
            low = middle
    return 2.0**-high
