"""The ops that a family's walk asks for; lowering makes them, each variant in its own way.

Every method returns the Tensor that the op gives. Streams are residual streams, named by the walk;
codes go in and out of layers.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from torch import nn

from vit2rtl.golden.program.program import Tensor
from vit2rtl.quantization.quantizers import UniformQuantizer
from vit2rtl.quantization.structure import Attention, Layer, Mlp


class Ops(Protocol):
    """What a walk may ask for."""

    def enter(self, streams: Sequence[str]) -> None:
        """From here on the streams named share one scale."""

    def patches(self, image: Tensor, embedding: Layer) -> Tensor:
        """The image cut into rows that the patch embedding takes."""

    def embed(self, codes: Tensor, constants: np.ndarray, out: str) -> Tensor:
        """Class tokens in front, position embedding on top: float64[tokens, channels]."""

    def branch(self, layer: Layer, x: Tensor) -> Tensor:
        """A linear layer whose output is added to the stream."""

    def stream_of(self, codes: Tensor, out: str) -> Tensor:
        """A branch's codes as a residual stream of their own."""

    def add(self, name: str, stream: Tensor, codes: Tensor, out: str) -> Tensor:
        """Residual addition."""

    def take(self, name: str, norm: nn.LayerNorm, stream: Tensor) -> Tensor:
        """The stream as a LayerNorm takes it and as it goes on to the addition behind."""

    def layer_norm(
        self, name: str, norm: nn.LayerNorm, stream: Tensor, target: Layer, out: str = ""
    ) -> Tensor:
        """LayerNorm straight to the codes of the layer behind it, whose input it is, or ``out``."""

    def norm_to_stream(self, name: str, norm: nn.LayerNorm, stream: Tensor, out: str) -> Tensor:
        """LayerNorm from stream to stream."""

    def norm_for_pool(self, name: str, norm: nn.LayerNorm, stream: Tensor) -> Tensor:
        """LayerNorm to what :meth:`pool` takes."""

    def query_key_value(
        self, layer: Layer, x: Tensor, queries: int | None = None
    ) -> list[Tensor]:
        """q, k and v; of so many tokens q, of all by default."""

    def attention(self, attention: Attention, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Codes for proj."""

    def mlp(self, mlp: Mlp, stream: Tensor, out: str) -> Tensor:
        """The second half of a block: LayerNorm, MLP, and its addition to the stream."""

    def gather(
        self, name: str, x: Tensor, index: np.ndarray, shape: Sequence[int], out: str,
        pad: np.ndarray | None = None,
    ) -> Tensor:
        """Tokens in another order, some of them side by side; ``pad`` is one behind the last."""

    def select(self, name: str, stream: Tensor, tokens: list[int]) -> Tensor:
        """Some of the tokens."""

    def pool(self, name: str, x: Tensor, out: str, quantizer: UniformQuantizer) -> Tensor:
        """Mean of the tokens, quantized."""

    def pool_stream(self, name: str, x: Tensor, out: str) -> Tensor:
        """Mean of the tokens, a residual stream of one token."""

    def heads(self, heads: Sequence[tuple[Layer, Tensor]]) -> list[Tensor]:
        """The heads' logits, from their input codes."""

    def average(self, logits: Sequence[Tensor]) -> Tensor:
        """Mean of the heads' logits, or of streams of one token: the program's output."""
