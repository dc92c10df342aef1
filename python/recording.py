"""Golden vectors from a quantized model at work: what each hardware unit saw and gave."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from tqdm import tqdm

from vit2rtl import __version__
from vit2rtl.golden.units import Instance, directed_records
from vit2rtl.golden.vectors.bundle import BundleWriter
from vit2rtl.quantization.quantizers import PROBABILITY_WIDTH, LogSqrt2Quantizer

if TYPE_CHECKING:
    from vit2rtl.models.images import Images
    from vit2rtl.quantized_vit import QuantizedViT

VALUE_WIDTH = 16


class Recording:
    """Everything that passed the quantizers and requantizers of a model, by layer.

    accumulators, outputs  {layer name: int64[images, tokens, channels]}, outputs as codes
    probabilities, codes   {attention name: int64[images, heads, tokens, tokens]}
    """

    def __init__(self, quantized: "QuantizedViT", images: torch.Tensor) -> None:
        """Run ``images`` (float32[n, channels, height, width]) through the model and record."""
        quantized.recipe.require_integers("Vectors need")
        self.layers = {layer.name: layer.module for layer in quantized.structure.layers
                       if not layer.role.edge}
        self.attentions = dict(quantized.attentions())
        names = {module: name for name, module in (self.layers | self.attentions).items()}
        seen = defaultdict(list)

        def tap(module, *tensors):
            seen[names[module]].append(tuple(t.detach().clone() for t in tensors))

        for module in names:
            module.tap = tap
        try:
            quantized(images)
        finally:
            for module in names:
                module.tap = None
        self.accumulators, self.outputs, self.probabilities, self.codes = {}, {}, {}, {}
        for name, layer in self.layers.items():
            assert layer.integer is not None  # the recipe's integers are asked for above
            accumulators, centered = (torch.cat(parts) for parts in zip(*seen[name], strict=True))
            self.accumulators[name] = accumulators.long().numpy()
            self.outputs[name] = (centered.long() + layer.integer.zero_point).numpy()
        for name, attention in self.attentions.items():
            probabilities = torch.cat([parts[0] for parts in seen[name]])
            quantizer = attention.softmax_quantizer
            self.probabilities[name] = quantizer.fixed(probabilities).long().numpy()
            self.codes[name] = quantizer.codes(probabilities).long().numpy()

    def records(self, lanes: int) -> Iterator[tuple[Instance, dict[str, Any]]]:
        """(Instance, arguments of ``BundleWriter.add``) of every record, model and directed.

        One instance of the requantizer for each output width, its accumulator as wide as the
        widest of its layers' bounds (R6).
        """
        records = [*self._softmax_records(lanes), *self._requantizer_records(lanes)]
        yield from records
        for instance in {instance.name: instance for instance, _ in records}.values():
            for record in directed_records(instance):
                yield instance, record

    def _softmax_records(self, lanes):
        for name, attention in self.attentions.items():
            quantizer: LogSqrt2Quantizer = attention.softmax_quantizer
            shape = {"lanes": lanes, "bits": quantizer.bits, "zero_code": quantizer.zero_code}
            scale = float(quantizer.scale)
            a, b = quantizer.thresholds()
            yield Instance.of("log_sqrt2_quantizer", width=PROBABILITY_WIDTH, **shape), {
                "record": f"{name}.softmax",
                "layer": name,
                "kind": "model",
                "inputs": {"probability": self.probabilities[name]},
                "outputs": {"code": self.codes[name]},
                "configuration": {"threshold_a": a, "threshold_b": b},
                "notes": {
                    "probability": {"scale": 2.0**-PROBABILITY_WIDTH, "zero_point": 0,
                                    "rounding": "half to even, from float32"},
                    "code": {"scale": scale, "description":
                             "scale * 2**(-code/2); the top code is zero"},
                },
            }
            # What the unit makes of the codes: their values, floored to its fixed point.
            values = torch.floor(quantizer.values() * 2 ** (VALUE_WIDTH - 1)).long().numpy()
            yield Instance.of("log2_dequantizer", width=VALUE_WIDTH, **shape), {
                "record": f"{name}.dequantize",
                "layer": name,
                "kind": "model",
                "inputs": {"code": self.codes[name]},
                "outputs": {"value": values[self.codes[name]]},
                "notes": {"value": {"scale": scale * 2.0 ** (1 - VALUE_WIDTH), "zero_point": 0}},
            }

    def _requantizer_records(self, lanes):
        widths: dict[int, int] = defaultdict(int)
        zero_points: dict[int, int] = defaultdict(int)
        for layer in self.layers.values():
            assert layer.integer is not None
            bits = layer.outputs[0].bits
            widths[bits] = max(widths[bits], layer.integer.bound.bit_length() + 1)
            reach = int(layer.integer.zero_point.abs().max())
            zero_points[bits] = max(zero_points[bits], reach.bit_length() + 1)
        for name, layer in self.layers.items():
            bits = layer.outputs[0].bits
            instance = Instance.of(
                "requantizer", lanes=lanes, bits=bits, acc_width=widths[bits],
                # Zero points outside the codes' range are rare: tensors of one sign.
                zero_point_width=zero_points[bits] if zero_points[bits] > bits + 1 else 0,
            )
            for part, at in _parts(layer):
                yield instance, self._requantizer_record(name, layer, part, at)

    def _requantizer_record(self, name, layer, part, at):
        integer = layer.integer
        output = layer.outputs["qkv".index(part) if part else 0]
        shift = integer.shift[at].numpy()
        source = layer.input_quantizer.scale.double() * layer.weight_quantizer.scale[at].double()
        zero_point = int(integer.zero_point[at][0])
        return {
            "record": f"{name}.{part}" if part else name,
            "layer": name,
            "kind": "model",
            "inputs": {
                "acc": self.accumulators[name][..., at],
                "multiplier": integer.multiplier[at].numpy(),
                "shift": shift - shift.min(),
            },
            "outputs": {"code": self.outputs[name][..., at]},
            "configuration": {"shift_base": int(shift.min()), "zero_point": zero_point},
            "notes": {
                "acc": {"scale": source.tolist(), "zero_point": 0, "description":
                        "bias included; one scale a channel"},
                "code": {"scale": float(output.scale), "zero_point": zero_point},
            },
        }


def _parts(layer):
    """Names and channels of the output tensors of a layer: q, k and v apart."""
    channels, count = len(layer.bias), len(layer.outputs)
    if count == 1:
        return [("", slice(None))]
    step = channels // count
    return [(part, slice(n * step, (n + 1) * step)) for n, part in enumerate("qkv")]


def write_bundle(
    out: str | Path, quantized: "QuantizedViT", description: dict[str, Any], images: "Images", *,
    lanes: int, formats: Sequence[str] = (),
) -> tuple[int, int, int]:
    """Record ``images`` (
    :class:`vit2rtl.models.images.Images`) and write the bundle of golden vectors.

    description  the checkpoint's, see :func:`vit2rtl.checkpoint_schema.describe`
    formats      further formats, see :data:`vit2rtl.golden.vectors.bundle.FORMATS`
    returns      numbers of unit instances, records and beats
    """
    recording = Recording(quantized, images.batch(range(len(images))))
    provenance = {
        "producer": f"vit2rtl {__version__}",
        "model": {
            "name": description["model"]["name"],
            "weights": {k: v for k, v in description["model"]["weights"].items() if k != "file"},
            "checkpoint_sha256": description["tensors"]["sha256"],
        },
        "recipe": description["recipe"],
        "images": images.names,
    }
    instances, count, beats = set(), 0, 0
    with BundleWriter(out, provenance, formats=formats) as bundle:
        for instance, arguments in tqdm(
            recording.records(lanes), desc="vectors", unit="record", leave=False, disable=None
        ):
            bundle.add(instance, **arguments)
            instances.add(instance.name)
            count += 1
            beats += -(-next(iter(arguments["outputs"].values())).size // lanes)
    return len(instances), count, beats
