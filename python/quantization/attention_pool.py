"""Pooling by attention: one query, learned, looks at all tokens (SigLIP's ``map`` head)."""

import torch
from torch import nn

from vit2rtl.quantization.attention import QuantAttention


class QuantAttentionPool(nn.Module):
    """``x = attention(tokens); x + mlp(norm(x))``, with quantized matmuls.

    The query is what qkv's bias says, with weights of zero: so it is a token's query, whichever
    token is asked, and attention of the first one's is all that is computed.
    """

    def __init__(self, attention: QuantAttention, norm: nn.LayerNorm, mlp: nn.Module) -> None:
        super().__init__()
        self.attention, self.norm, self.mlp = attention, norm, mlp

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """float[batch, tokens, channels] -> float[batch, channels]"""
        x = self.attention(x)
        return (x + self.mlp(self.norm(x)))[:, 0]


def joined(query: torch.Tensor, key_value: nn.Linear) -> nn.Linear:
    """qkv as one linear layer, its part for q a constant.

    query       float[channels]
    key_value   to 2 channels
    """
    channels = len(query)
    weight, bias = key_value.weight.detach(), key_value.bias
    linear = nn.Linear(channels, 3 * channels, device=weight.device)
    rest = weight.new_zeros(2 * channels) if bias is None else bias.detach()
    linear.weight.data = torch.cat([weight.new_zeros(channels, channels), weight])
    linear.bias.data = torch.cat([query.detach().to(weight.dtype), rest])
    return linear
