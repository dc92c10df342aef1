"""vit2rtl convert-detector: a checkpoint of mmdet or of Swin's authors as a detector's folder."""

import click

from vit2rtl.commands import options
from vit2rtl.detection import folder as detector_folder


@click.command(epilog="""\b
Examples:
  vit2rtl convert-detector mask_rcnn_swin-t-p4-w7_fpn_ms-crop-3x_coco.pth --out swin-t-mask/
  vit2rtl convert-detector cascade_mask_rcnn_swin_small_patch4_window7.pth --out swin-s-cascade/
  vit2rtl convert-detector mine.pth --classes cat,dog --out mine/
""")
@click.argument("file", metavar="FILE.pth", type=options.FILE)
@click.option("--classes", default="", metavar="NAME,...",
              help="Names of the classes, of categories 1, 2, ... in annotations.  "
                   "[default: COCO's 80]")
@click.option("--out", required=True, type=options.FOLDER, help="Folder for the detector.")
def command(file: str, classes: str, out: str) -> None:
    """Convert a checkpoint of Mask R-CNN or Cascade Mask R-CNN with Swin, once.

    As trained by mmdet from 2.17 or by Swin-Transformer-Object-Detection. Nothing is unpickled, and
    what the detector is follows from its weights. The folder has safetensors and a JSON
    file with sizes, thresholds and classes; 'quantize' and 'evaluate --coco' take it.
    """
    detector_folder.check_place(out)
    from vit2rtl.detection.convert import convert

    detector = convert(file, tuple(name.strip() for name in classes.split(",")) if classes else ())
    detector_folder.save(detector, out)
    config = detector.config
    count = sum(parameter.numel() for parameter in detector.parameters())
    click.echo(f"{'Cascade ' if config.cascade else ''}Mask R-CNN, Swin of {config.swin.embed_dim} "
               f"channels and {'+'.join(map(str, config.swin.depths))} blocks, "
               f"{len(config.classes)} classes, {count:,} parameters: {out}")
