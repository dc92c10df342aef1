"""mmdet's Mask R-CNN and Cascade Mask R-CNN with Swin, from its weights by its names: an oracle.

Written from mmdet 3.3's code, slow and functional, one image at a time; it shares nothing with
the product. Where mmdet has compiled operators, there are loops.
"""

import importlib
import math

import torch
from torch.nn import functional

from tests.python.detection.mmdet_checkpoint import SMALL, WINDOW


class Network:
    """``detect(image)`` of float32[3, height, width] in 0..1."""

    def __init__(self, state, *, resize, divisible, proposals, most, finest, cascade):
        self.state, self.resize, self.divisible = state, resize, divisible
        self.proposals, self.most = proposals, most
        self.finest, self.cascade = finest, cascade

    def linear(self, name, x):
        return functional.linear(x, self.state[f"{name}.weight"], self.state.get(f"{name}.bias"))

    def conv(self, name, x, **options):
        return functional.conv2d(
            x, self.state[f"{name}.weight"], self.state.get(f"{name}.bias"), **options)

    def norm(self, name, x):
        return functional.layer_norm(
            x, x.shape[-1:], self.state[f"{name}.weight"], self.state[f"{name}.bias"])

    def prepared(self, image):
        height, width = image.shape[1:]
        scale = min(self.resize[1] / max(height, width), self.resize[0] / min(height, width))
        size = (int(height * scale + 0.5), int(width * scale + 0.5))
        image = functional.interpolate(image[None], size, mode="bilinear")
        mean = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)
        std = torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)
        image = (image * 255 - mean) / std
        return functional.pad(
            image, (0, -size[1] % self.divisible, 0, -size[0] % self.divisible)), size

    def backbone(self, image):
        image = functional.pad(image, (0, -image.shape[3] % 4, 0, -image.shape[2] % 4))
        x = self.conv("backbone.patch_embed.projection", image, stride=4)[0].permute(1, 2, 0)
        x = self.norm("backbone.patch_embed.norm", x)
        features = []
        for i, depth in enumerate(SMALL.depths):
            for j in range(depth):
                block = f"backbone.stages.{i}.blocks.{j}"
                x = x + self.windows(f"{block}.attn.w_msa", self.norm(f"{block}.norm1", x),
                                     SMALL.heads[i], 3 if j % 2 else 0)
                y = functional.gelu(self.linear(f"{block}.ffn.layers.0.0",
                                                self.norm(f"{block}.norm2", x)))
                x = x + self.linear(f"{block}.ffn.layers.1", y)
            features.append(self.norm(f"backbone.norm{i}", x).permute(2, 0, 1)[None])
            if i + 1 < len(SMALL.depths):
                height, width = x.shape[:2]
                y = functional.pad(x.permute(2, 0, 1)[None], (0, width % 2, 0, height % 2))
                y = functional.unfold(y, 2, stride=2)[0].T  # [pixels, 4 channels]
                y = self.norm(f"backbone.stages.{i}.downsample.norm", y)
                y = self.linear(f"backbone.stages.{i}.downsample.reduction", y)
                x = y.view((height + 1) // 2, (width + 1) // 2, -1)
        return features

    def windows(self, name, x, heads, shift):
        """Pads, then rolls; one window after the other."""
        height, width, channels = x.shape
        x = functional.pad(x, (0, 0, 0, -width % WINDOW, 0, -height % WINDOW))
        rows, columns = x.shape[:2]
        x = x.roll((-shift, -shift), (0, 1))

        def region(n, length):
            return 0 if n < length - WINDOW else 1 if n < length - shift else 2

        table = self.state[f"{name}.relative_position_bias_table"]
        places = [(r, c) for r in range(WINDOW) for c in range(WINDOW)]
        index = torch.tensor([[(a - c + WINDOW - 1) * (2 * WINDOW - 1) + b - d + WINDOW - 1
                               for c, d in places] for a, b in places])
        bias = table[index].permute(2, 0, 1)
        out = torch.zeros_like(x)
        for top in range(0, rows, WINDOW):
            for left in range(0, columns, WINDOW):
                tokens = x[top:top + WINDOW, left:left + WINDOW].reshape(49, channels)
                q, k, v = self.linear(f"{name}.qkv", tokens).view(
                    49, 3, heads, channels // heads).permute(1, 2, 0, 3)
                logits = q @ k.transpose(1, 2) * (channels // heads) ** -0.5 + bias
                if shift:
                    regions = torch.tensor([3 * region(top + r, rows) + region(left + c, columns)
                                            for r, c in places])
                    logits = logits - 100.0 * (regions[:, None] != regions)
                y = (logits.softmax(-1) @ v).transpose(0, 1).reshape(49, channels)
                out[top:top + WINDOW, left:left + WINDOW] = self.linear(
                    f"{name}.proj", y).view(WINDOW, WINDOW, channels)
        return out.roll((shift, shift), (0, 1))[:height, :width]

    def neck(self, features):
        laterals = [self.conv(f"neck.lateral_convs.{i}.conv", x) for i, x in enumerate(features)]
        for i in range(len(laterals) - 1, 0, -1):
            laterals[i - 1] = laterals[i - 1] + functional.interpolate(
                laterals[i], size=laterals[i - 1].shape[2:], mode="nearest")
        levels = [self.conv(f"neck.fpn_convs.{i}.conv", x, padding=1)
                  for i, x in enumerate(laterals)]
        return [*levels, functional.max_pool2d(levels[-1], 1, stride=2)]

    def rpn(self, levels, size):
        found = []
        for i, level in enumerate(levels):
            x = self.conv("rpn_head.rpn_conv", level, padding=1).relu()
            scores = self.conv("rpn_head.rpn_cls", x)[0].permute(1, 2, 0).reshape(-1).sigmoid()
            deltas = self.conv("rpn_head.rpn_reg", x)[0].permute(1, 2, 0).reshape(-1, 4)
            stride, anchors = 4 << i, []
            for row in range(level.shape[2]):
                for column in range(level.shape[3]):
                    for ratio in (0.5, 1.0, 2.0):
                        half_w = 8 * stride / ratio**0.5 / 2
                        half_h = 8 * stride * ratio**0.5 / 2
                        x, y = column * stride, row * stride
                        anchors.append([x - half_w, y - half_h, x + half_w, y + half_h])
            scores, order = scores.sort(descending=True, stable=True)
            order = order[:self.proposals]
            boxes = delta2bbox(torch.tensor(anchors)[order], deltas[order], (1, 1, 1, 1), size)
            found += [(scores[n].item(), i, box) for n, box in enumerate(boxes)
                      if box[2] > box[0] and box[3] > box[1]]
        kept = brute_force_nms(found, 0.7)
        return torch.stack([box for _, _, box in kept[:self.proposals]])

    def pooled(self, levels, boxes, size):
        cells = []
        for box in boxes:
            scale = ((box[2] - box[0]) * (box[3] - box[1])).sqrt()
            level = int((scale / self.finest + 1e-6).log2().floor().clamp(0, len(SMALL.depths) - 1))
            cells.append(one_roi_align(levels[level], box, size, 1 / (4 << level)))
        return torch.cat(cells)

    def boxes_of(self, stage, levels, boxes):
        name = f"roi_head.bbox_head.{stage}"
        x = self.pooled(levels, boxes, 7)
        if self.cascade:
            for k in range(SMALL.convs):
                x, bn = self.conv(f"{name}shared_convs.{k}.conv", x, padding=1), (
                    f"{name}shared_convs.{k}.bn")
                x = functional.batch_norm(x, *(self.state[f"{bn}.{part}"] for part in (
                    "running_mean", "running_var", "weight", "bias"))).relu()
        x = self.linear(f"{name}shared_fcs.0", x.flatten(1)).relu()
        if not self.cascade:
            x = self.linear(f"{name}shared_fcs.1", x).relu()
        return self.linear(f"{name}fc_cls", x), self.linear(f"{name}fc_reg", x)

    def masks_of(self, stage, levels, boxes):
        name = f"roi_head.mask_head.{stage}"
        x = self.pooled(levels, boxes, 14)
        for k in range(SMALL.convs):
            x = self.conv(f"{name}convs.{k}.conv", x, padding=1).relu()
        x = functional.conv_transpose2d(x, self.state[f"{name}upsample.weight"],
                                        self.state[f"{name}upsample.bias"], stride=2).relu()
        return self.conv(f"{name}conv_logits", x).sigmoid()

    def detect(self, image):
        """Dict as the product's, labels from 1."""
        batch, size = self.prepared(image)
        levels = self.neck(self.backbone(batch))
        boxes = self.rpn(levels, size)
        stages = ("0.", "1.", "2.") if self.cascade else ("",)
        stds = ((0.1, 0.1, 0.2, 0.2), (0.05, 0.05, 0.1, 0.1), (0.033, 0.033, 0.067, 0.067))
        total = 0
        for n, stage in enumerate(stages):
            logits, deltas = self.boxes_of(stage, levels, boxes)
            total = total + logits
            every = torch.stack([delta2bbox(boxes, deltas[:, 4 * c:4 * c + 4], stds[n], size)
                                 for c in range(SMALL.classes)], dim=1)
            if n + 1 < len(stages):
                boxes = every[torch.arange(len(boxes)), logits[:, :-1].argmax(1)]
        scores = (total / len(stages)).softmax(-1)
        ratio = torch.tensor([size[1] / image.shape[2], size[0] / image.shape[1]] * 2)
        kept = brute_force_nms(
            [(scores[n, c].item(), c, every[n, c] / ratio) for n in range(len(boxes))
             for c in range(SMALL.classes) if scores[n, c] > 0.05], 0.5)[:self.most]
        boxes = torch.stack([box for _, _, box in kept])
        labels = torch.tensor([c for _, c, _ in kept])
        masks = torch.stack([self.masks_of(stage, levels, boxes * ratio) for stage in stages])
        masks = masks.mean(0)[torch.arange(len(labels)), labels]
        return {"boxes": boxes, "labels": labels + 1,
                "scores": torch.tensor([score for score, _, _ in kept]),
                "masks": torch.stack([pasted(mask, box, *image.shape[1:])
                                      for mask, box in zip(masks, boxes, strict=True)])}


def delta2bbox(boxes, deltas, stds, size):
    deltas = deltas * torch.tensor(stds)
    widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    limit = abs(math.log(16 / 1000))
    x = (boxes[:, 0] + boxes[:, 2]) / 2 + widths * deltas[:, 0]
    y = (boxes[:, 1] + boxes[:, 3]) / 2 + heights * deltas[:, 1]
    w = widths * deltas[:, 2].clamp(-limit, limit).exp()
    h = heights * deltas[:, 3].clamp(-limit, limit).exp()
    return torch.stack([(x - w / 2).clamp(0, size[1]), (y - h / 2).clamp(0, size[0]),
                        (x + w / 2).clamp(0, size[1]), (y + h / 2).clamp(0, size[0])], dim=1)


def brute_force_nms(found, threshold):
    """Of (score, group, box), those that no better one of their group overlaps by more."""
    kept = []
    for score, group, box in sorted(found, key=lambda one: -one[0]):
        a = [float(edge) for edge in box[:4]]
        for _, other, better in kept:
            b = [float(edge) for edge in better[:4]]
            w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
            shared = max(w, 0) * max(h, 0)
            union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
            if group == other and shared > threshold * union:
                break
        else:
            kept.append((score, group, box))
    return kept


def one_roi_align(features, box, size, scale):
    """torchvision's Python implementation, of one region: its memory explodes with more."""
    module = importlib.import_module("torchvision.ops.roi_align")
    plain = getattr(module._roi_align, "__wrapped__", module._roi_align)
    roi = torch.cat([torch.zeros(1), box])[None]
    return plain(features, roi, scale, size, size, 0, True)


def pasted(mask, box, height, width):
    """mmdet's _do_paste_mask on the whole image."""
    y = (torch.arange(height) + 0.5 - box[1]) / (box[3] - box[1]) * 2 - 1
    x = (torch.arange(width) + 0.5 - box[0]) / (box[2] - box[0]) * 2 - 1
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)[None]
    return functional.grid_sample(mask[None, None], grid, align_corners=False)[0, 0] >= 0.5
