"""A family of tests alone: a ViT whose head has another name."""

from torch import nn

from vit2rtl.models.families.vit import VisionTransformers
from vit2rtl.models.zoo import timm


class Classifier(timm.models.vision_transformer.VisionTransformer):
    """Its head is called ``classifier``."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.classifier = self.head
        del self.head

    def forward_head(self, x, pre_logits=False):
        return self.classifier(self.fc_norm(self.pool(x)))


class Classifiers(VisionTransformers):
    """What of a ViT's family is different."""

    types = (Classifier,)

    def heads(self, model: nn.Module) -> list[nn.Module]:
        return [model.classifier]


FAMILY = Classifiers()
