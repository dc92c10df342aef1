"""What the tests of the model commands share: a small checkpoint, small images, one thread."""

import json

import pytest
from PIL import Image

SMALL = ("img_size=32", "depth=1", "embed_dim=24")


@pytest.fixture
def command(capsys):
    """``command(*arguments) -> (exit code, stdout, stderr)`` of the command line."""
    from vit2rtl.cli import main

    def run(*arguments):
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return stopped.value.code, captured.out, captured.err

    return run


@pytest.fixture
def quantize(command, tmp_path):
    """``command`` of quantize, into a folder ``out``."""
    def run(*arguments):
        return command("quantize", *arguments, "--out", tmp_path / "out")

    return run


@pytest.fixture(scope="session")
def single_thread():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def mnist(tmp_path_factory, single_thread):
    """Checkpoint folder of the embedded model, w4a4, profile hardware."""
    from vit2rtl.cli import main

    out = tmp_path_factory.mktemp("checkpoints") / "mnist"
    with pytest.raises(SystemExit) as stopped:
        main(["quantize", "mnist_vit", "--count", "8", "--out", str(out)])
    assert stopped.value.code == 0
    return out


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory, single_thread):
    """Weights file of a tiny ViT of 3 classes; create it with ``SMALL``."""
    import safetensors.torch
    import torch

    from vit2rtl.models.zoo import timm

    arguments = {key: json.loads(value) for key, value in (pair.split("=") for pair in SMALL)}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model = timm.create_model("vit_tiny_patch16_224", num_classes=3, **arguments)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    safetensors.torch.save_file(model.state_dict(), path)
    return path


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """Folder of 6 noisy images: classes 0, 1, 2 by labels.csv, list.txt names three of them."""
    folder = tmp_path_factory.mktemp("photos")
    rows = ["file,class_index"]
    for n in range(6):
        Image.effect_noise((40, 36), 20 + 20 * n).convert("RGB").save(folder / f"{n}.png")
        rows.append(f"{n}.png,{n % 3}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    (folder / "list.txt").write_text("4.png\n1.png\n3.png\n")
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory, tiny_weights, photos):
    """Checkpoint folder of the tiny ViT, made from ``tiny_weights`` and ``photos``."""
    from vit2rtl.cli import main

    out = tmp_path_factory.mktemp("checkpoints") / "tiny"
    with pytest.raises(SystemExit) as stopped:
        main(["quantize", "vit_tiny_patch16_224", "--weights", str(tiny_weights),
              "--images", str(photos), "--list", str(photos / "list.txt"), "--out", str(out),
              *(text for pair in SMALL for text in ("--model-arg", pair))])
    assert stopped.value.code == 0
    return out


@pytest.fixture
def refused(command):
    """Runs ``evaluate``, checks that it says one line and returns it."""

    def run(*arguments):
        code, out, err = command("evaluate", *arguments)
        lines = [line for line in err.splitlines() if not line.startswith("Usage")]
        assert (code, out, len(lines)) == (2, "", 1), err
        return lines[0].removeprefix("vit2rtl: ")

    return run
