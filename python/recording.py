"""Golden vectors from a quantized model at work: what each hardware unit saw and gave."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tqdm import tqdm

from vit2rtl import __version__
from vit2rtl.golden.units import Instance, directed_records
from vit2rtl.golden.vectors import packing
from vit2rtl.golden.vectors.bundle import BundleWriter
from vit2rtl.golden.vectors.memory import Memory
from vit2rtl.golden.vectors.spool import Spool, Spooled
from vit2rtl.quantization.attention import QuantAttention
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.quantizers import PROBABILITY_WIDTH, LogSqrt2Quantizer

if TYPE_CHECKING:
    from vit2rtl.models.images import Images
    from vit2rtl.quantized_vit import QuantizedViT

VALUE_WIDTH = 16
_PIXELS_TOGETHER = 3 * 224 * 224


class Recording:
    """Everything that passed the quantizers and requantizers of a model, by layer, on disk.

    accumulators, outputs  {layer name: int[images, tokens, channels]}, outputs as codes
    probabilities, codes   {attention name: int[images, heads, tokens, tokens]}
    """

    def __init__(self, quantized: "QuantizedViT", folder: Path) -> None:
        """``folder`` takes a file for each array."""
        quantized.recipe.require_units("Vectors need")
        self._quantized, self._folder = quantized, folder
        self._spools: dict[str, Spool] = {}
        self.layers = {layer.name: layer.module for layer in quantized.structure.layers
                       if not layer.role.edge}
        self.attentions = dict(quantized.attentions())

    def run(self, images: torch.Tensor) -> None:
        """Run float32[n, channels, height, width] through the model and record what passes."""
        taps = {layer: partial(self._of_layer, name) for name, layer in self.layers.items()}
        taps |= {attention: partial(self._of_attention, name)
                 for name, attention in self.attentions.items()}
        for module, tap in taps.items():
            module.tap = tap
        try:
            self._quantized(images)
        finally:
            for module in taps:
                module.tap = None

    def _of_layer(
        self, name: str, layer: QuantLinear, accumulators: torch.Tensor, centered: torch.Tensor
    ) -> None:
        assert layer.integer is not None  # the recipe's integers are asked for above
        self._append("accumulators", name, accumulators, np.int32)
        self._append("outputs", name, centered.long() + layer.integer.zero_point, np.uint16)

    def _of_attention(
        self, name: str, attention: QuantAttention, probabilities: torch.Tensor
    ) -> None:
        quantizer = attention.softmax_quantizer
        assert isinstance(quantizer, LogSqrt2Quantizer)
        self._append("probabilities", name, quantizer.fixed(probabilities), np.uint16)
        self._append("codes", name, quantizer.codes(probabilities), np.uint16)

    def _append(
        self, what: str, name: str, values: torch.Tensor, dtype: type[np.integer]
    ) -> None:
        self._spool(f"{what}/{name}", dtype).append(values.long().numpy())

    def _spool(self, key: str, dtype: Any) -> Spool:
        if key not in self._spools:
            self._spools[key] = Spool(self._folder / key.replace("/", ".", 1), dtype)
        return self._spools[key]

    def spooled(self) -> dict[str, Spooled]:
        """All that has been recorded, by names of this class's own."""
        return {key: spool.array() for key, spool in self._spools.items()}

    def extend(self, spooled: Mapping[str, Spooled]) -> None:
        """What another recording of the same model has: images that follow these."""
        for key, more in spooled.items():
            self._spool(key, more.dtype).extend(more)

    @property
    def accumulators(self) -> dict[str, Spooled]:
        return self._arrays("accumulators")

    @property
    def outputs(self) -> dict[str, Spooled]:
        return self._arrays("outputs")

    @property
    def probabilities(self) -> dict[str, Spooled]:
        return self._arrays("probabilities")

    @property
    def codes(self) -> dict[str, Spooled]:
        return self._arrays("codes")

    def _arrays(self, what: str) -> dict[str, Spooled]:
        return {key.removeprefix(f"{what}/"): spool.array() for key, spool in self._spools.items()
                if key.startswith(f"{what}/")}

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

    def sizes(self, lanes: int) -> tuple[int, int]:
        """Bytes of what has been recorded so far: in the bundle, and as it lies here."""
        size = 0
        for instance, arguments in (*self._softmax_records(lanes),
                                    *self._requantizer_records(lanes)):
            elements = prod(next(iter(arguments["outputs"].values())).shape)
            for stream in instance.streams:
                memory = Memory(stream.fields, stream.lanes, elements)
                size += memory.row_bytes
                size += sum(elements * packing.narrowest(field).itemsize for field in stream.fields
                            if not _is_small(arguments, field.name))
        return size, sum(path.stat().st_size for path in self._folder.iterdir())

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
                "outputs": {"value": replace(self.codes[name], table=values)},
                "notes": {"value": {"scale": scale * 2.0 ** (1 - VALUE_WIDTH), "zero_point": 0}},
            }

    def _requantizer_records(self, lanes):
        widths: dict[int, int] = defaultdict(int)
        zero_points: dict[int, int] = defaultdict(int)
        for layer in self.layers.values():
            assert layer.integer is not None
            for _, at, output in _parts(layer):
                bits, reach = output.bits, int(layer.integer.zero_point[at].abs().max())
                widths[bits] = max(widths[bits], layer.integer.bound.bit_length() + 1)
                zero_points[bits] = max(zero_points[bits], reach.bit_length() + 1)
        for name, layer in self.layers.items():
            for part, at, output in _parts(layer):
                bits = output.bits
                instance = Instance.of(
                    "requantizer", lanes=lanes, bits=bits, acc_width=widths[bits],
                    # Zero points outside the codes' range are rare: tensors of one sign.
                    zero_point_width=zero_points[bits] if zero_points[bits] > bits + 1 else 0,
                )
                yield instance, self._requantizer_record(name, layer, part, at, output)

    def _requantizer_record(self, name, layer, part, at, output):
        integer = layer.integer
        shift = integer.shift[at].numpy()
        source = layer.input_quantizer.scale.double() * layer.weight_quantizer.scale[at].double()
        zero_point = int(integer.zero_point[at][0])
        return {
            "record": f"{name}.{part}" if part else name,
            "layer": name,
            "kind": "model",
            "inputs": {
                "acc": replace(self.accumulators[name], columns=at),
                "multiplier": integer.multiplier[at].numpy(),
                "shift": shift - shift.min(),
            },
            "outputs": {"code": replace(self.outputs[name], columns=at)},
            "configuration": {"shift_base": int(shift.min()), "zero_point": zero_point},
            "notes": {
                "acc": {"scale": source.tolist(), "zero_point": 0, "description":
                        "bias included; one scale a channel"},
                "code": {"scale": float(output.scale), "zero_point": zero_point},
            },
        }


def _is_small(arguments: Mapping[str, Any], name: str) -> bool:
    """Whether a field's array does not grow with the images."""
    return not isinstance((arguments["inputs"] | arguments["outputs"])[name], Spooled)


def _parts(layer):
    """Names, channels and quantizers of the output tensors of a layer: q, k and v apart."""
    channels, outputs = len(layer.bias), layer.outputs
    if len(outputs) == 1:
        return [("", slice(None), outputs[0])]
    step = channels // len(outputs)
    return [(part, slice(n * step, (n + 1) * step), output)
            for n, (part, output) in enumerate(zip("qkv", outputs, strict=True))]


def write_bundle(
    out: str | Path, quantized: "QuantizedViT", description: dict[str, Any], images: "Images", *,
    lanes: int, formats: Sequence[str] = (),
    announce: Callable[[int, int], object] = lambda size, needed: None,
    fill: "Callable[[Recording, Images], Iterator[int]] | None" = None,
) -> tuple[int, int, int]:
    """Record ``images`` (:class:`vit2rtl.models.images.Images`) and write the bundle of golden
    vectors; memory does not grow with the number of images.

    description  the checkpoint's, see :func:`vit2rtl.checkpoint_schema.describe`
    formats      further formats, see :data:`vit2rtl.golden.vectors.bundle.FORMATS`
    announce     told how many bytes the bundle will have, about, and how many are needed while it
                 is made, once that is known
    fill         records the images some at a time, and says how many; by default here
    returns      numbers of unit instances, records and beats
    """
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
        recording = Recording(quantized, bundle.scratch)
        with tqdm(total=len(images), desc="images", unit="image", leave=False,
                  disable=None) as bar:
            for n, together in enumerate((fill or _filled)(recording, images)):
                if n == 0:
                    size, spooled = (part * len(images) // together
                                     for part in recording.sizes(lanes))
                    announce(size, size + spooled)
                bar.update(together)
        for instance, arguments in tqdm(
            recording.records(lanes), desc="vectors", unit="record", leave=False, disable=None
        ):
            bundle.add(instance, **arguments)
            instances.add(instance.name)
            count += 1
            beats += -(-prod(next(iter(arguments["outputs"].values())).shape) // lanes)
    return len(instances), count, beats


def _filled(recording: Recording, images: "Images") -> Iterator[int]:
    for batch in batches(images):
        recording.run(images.batch(batch))
        yield len(batch)


def batches(images: "Images") -> Iterator[range]:
    """Images that go through the network together: one of the usual size, four of small ones."""
    step = max(1, min(4, _PIXELS_TOGETHER // images.load(0).numel()))
    for start in range(0, len(images), step):
        yield range(start, min(start + step, len(images)))
