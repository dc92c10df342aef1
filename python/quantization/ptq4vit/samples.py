"""What every matmul of the float network takes, and the gradient of a loss by what it gives.

One forward and one backward pass serve all matmuls that fit into memory together; there are as
many passes as that needs.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch.nn import functional as F

from vit2rtl.quantization.attention import QuantAttention
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.structure import Role, Structure

# Numbers kept of matmuls that one pass serves, 1 GiB of them; a matmul is never split.
KEPT = 1 << 28
# Images that go through the network at once: bounds the memory of the graph.
TOGETHER = 4
# A power of two that keeps squares of gradients away from denormal numbers; no choice sees it.
GRADIENT_UNIT = 2.0**20


@dataclass(frozen=True)
class Site:
    """A matmul: a linear layer; or of an attention q·kᵀ, or probabilities times v.

    role   of a linear layer
    """

    name: str
    module: QuantLinear | QuantAttention
    product: str = ""
    role: Role | None = None


@dataclass
class Sample:
    """A matmul of the float network on the calibration images.

    operands   float32[rows, in] of a linear layer; of attention float32[n, heads, tokens, depth]
               (q, k), or (probabilities, v): the images' in order
    gradient   float32, of the loss by each output
    """

    operands: tuple[torch.Tensor, ...]
    gradient: torch.Tensor


@dataclass
class _Parts:
    operands: list[tuple[torch.Tensor, ...]] = field(default_factory=list)
    gradients: list[torch.Tensor] = field(default_factory=list)

    def joined(self) -> Sample:
        operands = zip(*self.operands, strict=True)
        return Sample(tuple(torch.cat(part) for part in operands), torch.cat(self.gradients))


Loss = Callable[[torch.Tensor, torch.Generator], torch.Tensor]


def fisher(output: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """-log p(y), y drawn from the network's own p: squared gradients are the Fisher information's
    diagonal on average, the curvature that the paper approximates. One draw an image."""
    log_p = F.log_softmax(output, dim=-1)
    drawn = torch.multinomial(log_p.detach().exp().cpu(), 1, generator=generator)
    return -log_p.gather(-1, drawn.to(log_p.device)).sum()


def features(output: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """The same for a network without classes, its features the mean of a normal distribution."""
    return (output * torch.randn(output.shape, generator=generator).to(output.device)).sum()


def authors(output: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """As the authors' code has it, the divergence of the float network from itself: zero but for
    roundings, so that its gradient is their noise and another BLAS chooses other scales."""
    return F.kl_div(F.log_softmax(output, -1), F.softmax(output.detach(), -1), reduction="sum")


def loss_of(hessian: str, *, classes: bool) -> Loss:
    """The one whose gradients a method's option ``hessian`` means."""
    if not classes:
        return features
    match hessian:
        case "fisher":
            return fisher
        case "authors":
            return authors
    raise ValueError(f"There is no loss {hessian!r}")


def sites(structure: Structure) -> list[Site]:
    """Every matmul, in the order in which data passes them."""
    by_qkv = {attention.module.qkv: attention for attention in structure.attentions}
    found = []
    for layer in structure.layers:
        found.append(Site(layer.name, layer.module, role=layer.role))
        attention = by_qkv.get(layer.module)
        if attention:
            found += [Site(f"{attention.name}.{product}", attention.module, product)
                      for product in ("qk", "av")]
    return found


def samples(
    structure: Structure, images: torch.Tensor, loss: Loss, seed: int = 0,
    chosen: Sequence[Site] | None = None,
) -> Iterator[tuple[Site, Sample]]:
    """Every matmul with its sample, in order; each is made anew and may be dropped after use.

    images   float32[n, channels, height, width]
    loss     of a batch of the network's outputs, summed over images, and a generator of ``seed``
    chosen   only these matmuls
    """
    every = sites(structure) if chosen is None else chosen
    sizes = _sizes(structure, images, every)
    for group in _groups(every, sizes, KEPT):
        parts = _collect(structure, images, group, loss, seed)
        for site in group:
            yield site, parts.pop(site).joined()


def _groups(every: Sequence[Site], sizes: dict[Site, int], most: int) -> Iterator[list[Site]]:
    group: list[Site] = []
    for site in every:
        if group and sum(sizes[one] for one in group) + sizes[site] > most:
            yield group
            group = []
        group.append(site)
    yield group


def _sizes(structure: Structure, images: torch.Tensor, every: Sequence[Site]) -> dict[Site, int]:
    """Numbers that each matmul's sample has, from one image."""
    sizes = {}

    def seen(site: Site, operands: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        numbers = output.numel() + sum(operand.numel() for operand in operands)
        sizes[site] = numbers * len(images)

    with TracedNetwork(structure, every, seen), torch.no_grad():
        structure.network(images[:1])
    return sizes


def _collect(
    structure: Structure, images: torch.Tensor, group: list[Site], loss: Loss, seed: int
) -> dict[Site, _Parts]:
    parts = {site: _Parts() for site in group}

    def seen(site: Site, operands: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        if site not in parts:
            return
        if not output.requires_grad:
            output.requires_grad_()
        parts[site].operands.append(tuple(operand.detach() for operand in operands))
        output.register_hook(lambda gradient: parts[site].gradients.append(gradient.flatten(
            0, -2) if not site.product else gradient))

    generator = torch.Generator().manual_seed(seed)
    with TracedNetwork(structure, group, seen), torch.enable_grad():
        for batch in images.split(TOGETHER):
            output = structure.network(batch)
            if not torch.isfinite(output).all():
                raise ValueError(
                    "Calibration met values that are not finite (NaN or infinity)")
            (loss(output, generator) * GRADIENT_UNIT).backward()
    return parts


class TracedNetwork:
    """The network in float while it is entered; ``seen`` gets each matmul's operands and output.

    calibrated   matmuls that are quantized nevertheless, as their quantizers are by now
    """

    def __init__(
        self, structure: Structure, group: Sequence[Site],
        seen: Callable[[Site, tuple[torch.Tensor, ...], torch.Tensor], None],
        calibrated: Collection[Site] = (),
    ) -> None:
        self._seen = seen
        self._calibrated = {(site.module, site.product) for site in calibrated}
        self._layers = [layer.module for layer in structure.layers]
        self._attentions = [attention.module for attention in structure.attentions]
        self._sites = {(site.module, site.product): site for site in group}
        self._inference = torch.inference_mode(False)

    def __enter__(self) -> None:
        self._inference.__enter__()
        for layer in self._layers:
            layer.calibrator = self._linear(layer)
        for attention in self._attentions:
            attention.calibrator = self._attention(attention)

    def __exit__(self, *error: object) -> None:
        for layer in self._layers:
            layer.calibrator = None
        for attention in self._attentions:
            attention.calibrator = None
        self._inference.__exit__(*error)

    def _tell(self, key: tuple[QuantLinear | QuantAttention, str], operands, output):
        """The output, a copy of what was seen: activation functions may work in place."""
        site = self._sites.get(key)
        if site is None:
            return output
        self._seen(site, operands, output)
        return output.clone()

    def _linear(self, layer: QuantLinear) -> Callable[[torch.Tensor], torch.Tensor]:
        def forward(x: torch.Tensor) -> torch.Tensor:
            if (layer, "") in self._calibrated:
                return F.linear(layer.input_quantizer(x), layer.weight_quantizer(layer.weight),
                                layer.bias)
            output = F.linear(x, layer.weight, layer.bias)
            return self._tell((layer, ""), (x.flatten(0, -2),), output)

        return forward

    def _attention(self, attention: QuantAttention) -> Callable[..., torch.Tensor]:
        def forward(x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
            q, k, v = attention.split_heads(attention.qkv(x))
            queries, keys, values = attention.qkv.outputs
            if (attention, "qk") in self._calibrated:
                q, k = queries(q), keys(k)
            logits = self._tell((attention, "qk"), (q, k), q @ k.mT)
            logits = attention.add_bias(logits * attention.scale, mask)
            probabilities = logits.softmax(dim=-1)
            if (attention, "av") in self._calibrated:
                probabilities, v = attention.softmax_quantizer(probabilities), values(v)
            y = self._tell((attention, "av"), (probabilities, v), probabilities @ v)
            return attention.proj(y.transpose(1, 2).flatten(2))

        return forward
