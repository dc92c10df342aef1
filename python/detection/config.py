"""What a detector is: its backbone's shape, anchors, heads, thresholds and classes; plain data."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

# ImageNet's, of RGB in 0..1, as COCO's detectors take it.
MEAN = (123.675 / 255, 116.28 / 255, 103.53 / 255)
STD = (58.395 / 255, 57.12 / 255, 57.375 / 255)


@dataclass(frozen=True)
class SwinConfig:
    """A Swin Transformer: channels of its first stage, and of each stage blocks and heads.

    Channels double with every stage; patches have 4 pixels a side. The defaults are Swin-T's.
    """

    embed_dim: int = 96
    depths: tuple[int, ...] = (2, 2, 6, 2)
    heads: tuple[int, ...] = (3, 6, 12, 24)
    window: int = 7
    patch: int = 4

    @property
    def channels(self) -> tuple[int, ...]:
        """Of what each stage gives."""
        return tuple(self.embed_dim << stage for stage in range(len(self.depths)))


@dataclass(frozen=True)
class DetectorConfig:
    """Mask R-CNN, or Cascade Mask R-CNN, with Swin and FPN; the defaults are mmdet's for COCO.

    Sizes are in pixels of the resized image. The pyramid has a level for every stage and one more,
    from which proposals come alone.

    classes           names; label 1 is the first
    category_ids      of the classes in a dataset's annotations
    anchor_sizes      side of a square anchor on each level of the pyramid
    anchor_ratios     height over width
    cascade           three stages that refine boxes one after the other, and masks by three heads
    resize            (side to which the shorter one is brought, what the longer one has at most)
    size_divisible    images are padded at their right and bottom to multiples of it
    mean, std         of RGB in 0..1, subtracted and divided by
    roi_scale         objects from twice as large as this are looked at in the second level
    box_roi, mask_roi cells a side that objects are pooled to, for boxes and for masks
    box_channels      of the layers before the box head's last ones
    box_convs         convolutions before them, with batch norm: of Cascade alone
    mask_channels, mask_convs    of the mask head
    rpn_candidates    of each level that are compared with each other
    rpn_proposals     that all levels leave, in training, too
    rpn_nms           proposals that overlap by more are one
    score             what is found with less is left out
    nms               objects of a class that overlap by more are one
    detections        at most in an image
    rpn_samples, box_samples    of an image that losses are computed on
    """

    classes: tuple[str, ...]
    category_ids: tuple[int, ...]
    swin: SwinConfig = SwinConfig()
    fpn_channels: int = 256
    anchor_sizes: tuple[float, ...] = (32, 64, 128, 256, 512)
    anchor_ratios: tuple[float, ...] = (0.5, 1, 2)
    cascade: bool = False
    resize: tuple[int, ...] = (800, 1333)
    size_divisible: int = 32
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD
    roi_scale: float = 56
    box_roi: int = 7
    mask_roi: int = 14
    box_channels: int = 1024
    box_convs: int = 0
    mask_channels: int = 256
    mask_convs: int = 4
    rpn_candidates: int = 1000
    rpn_proposals: int = 1000
    rpn_nms: float = 0.7
    score: float = 0.05
    nms: float = 0.5
    detections: int = 100
    rpn_samples: int = 256
    box_samples: int = 512

    def __post_init__(self) -> None:
        stages = len(self.swin.depths)
        for name, values, length, why in (
            ("swin.heads", self.swin.heads, stages, "of swin.depths"),
            ("anchor_sizes", self.anchor_sizes, stages + 1, "a stage and one more"),
            ("category_ids", self.category_ids, len(self.classes), "a class"),
            ("resize", self.resize, 2, "the shorter side, the longer one"),
            ("mean", self.mean, 3, "a colour"), ("std", self.std, 3, "a colour"),
        ):
            if len(values) != length:
                raise ValueError(f"{name} must have {length} numbers ({why}), not {len(values)}")
        for name, empty in (("swin.depths", not self.swin.depths), ("classes", not self.classes),
                            ("anchor_ratios", not self.anchor_ratios)):
            if empty:
                raise ValueError(f"{name} must not be empty")
        for name in ("classes", "category_ids"):
            if len(set(getattr(self, name))) < len(self.classes):
                raise ValueError(f"{name} must differ from each other")
        if self.box_convs and not self.cascade:
            raise ValueError("box_convs must be 0 without cascade")
        for channels, heads in zip(self.swin.channels, self.swin.heads, strict=True):
            if channels % heads:
                raise ValueError(f"swin.heads must divide a stage's {channels} channels, and "
                                 f"{heads} does not")

    @property
    def strides(self) -> tuple[int, ...]:
        """Pixels from cell to cell on each level of the pyramid."""
        return tuple(self.swin.patch << level for level in range(len(self.swin.depths) + 1))

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return dataclasses.asdict(self)

    @classmethod
    def of_dict(cls, values: Any) -> "DetectorConfig":
        """From JSON that is not trusted; a ValueError names what is wrong."""
        return _of(cls, values, "")


def _of(kind: type, values: Any, prefix: str) -> Any:
    if not isinstance(values, Mapping):
        raise ValueError(f"{prefix.rstrip('.') or 'config'} must be an object, not {values!r}")
    hints = get_type_hints(kind)
    if unknown := sorted(set(values) - set(hints)):
        raise ValueError(f"{prefix}{unknown[0]} is not known")
    needed = [field.name for field in dataclasses.fields(kind)
              if field.default is dataclasses.MISSING]
    if missing := [name for name in needed if name not in values]:
        raise ValueError(f"{prefix}{missing[0]} is missing")
    return kind(**{name: _checked(hints[name], value, f"{prefix}{name}")
                   for name, value in values.items()})


def _checked(kind: Any, value: Any, name: str) -> Any:
    """A value of one of the types that configurations have."""
    if kind is SwinConfig:
        return _of(SwinConfig, value, f"{name}.")
    if kind is bool:
        if not isinstance(value, bool):
            raise ValueError(f"{name} must be true or false, not {value!r}")
        return value
    if kind in (int, float):
        number = isinstance(value, int | float if kind is float else int)
        # What counts something is above 0, and so is every size; convolutions may be none.
        least = 0 if name in ("score", "box_convs", "mask_convs") or "mean" in name else 1e-6
        if not number or isinstance(value, bool) or not value >= least:
            what = "a number" if kind is float else "an integer"
            raise ValueError(f"{name} must be {what} {'from' if not least else 'above'} 0, "
                             f"not {value!r}")
        return value
    if kind is str:
        if not isinstance(value, str) or not value:
            raise ValueError(f"{name} must be text, not {value!r}")
        return value
    inner = kind.__args__[0]
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ValueError(f"{name} must be a list, not {value!r}")
    return tuple(_checked(inner, one, f"{name}[{n}]") for n, one in enumerate(value))
