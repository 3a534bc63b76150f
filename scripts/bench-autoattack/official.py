"""
The PyTorch side of bench.mjs: the image tower of a CLIP checkpoint, normalisation inside, under the official AutoAttack.
Reads commands from stdin, one JSON object per line, and answers each with one on stdout.
"""

import contextlib
import json
import sys
import time

import torch
import transformers
from autoattack import AutoAttack, checks
from safetensors.torch import load_file
from transformers import CLIPModel


class Zeroshot(torch.nn.Module):
    """Pixels in [0, 1] to logits, with text features as constants; counts images that pass forward and backward."""

    def __init__(self, directory: str, text: torch.Tensor, mean: list, std: list):
        super().__init__()
        clip = CLIPModel.from_pretrained(directory, dtype=torch.float32)
        self.tower, self.projection = clip.vision_model, clip.visual_projection
        self.register_buffer("text", text / text.norm(dim=-1, keepdim=True))
        self.register_buffer("scale", clip.logit_scale.detach().exp())
        self.register_buffer("mean", torch.tensor(mean).reshape(3, 1, 1))
        self.register_buffer("std", torch.tensor(std).reshape(3, 1, 1))
        self.eval().requires_grad_(False)
        self.forwards = self.backwards = 0

    def forward(self, pixels):
        self.forwards += len(pixels)
        if pixels.requires_grad and torch.is_grad_enabled():
            pixels.register_hook(lambda _: self.count_backward(len(pixels)))
        features = self.projection(self.tower(pixel_values=(pixels - self.mean) / self.std).pooler_output)
        return self.scale * (features / features.norm(dim=-1, keepdim=True)) @ self.text.T

    def count_backward(self, images: int) -> None:
        self.backwards += images


def timed(model, action) -> dict:
    model.forwards = model.backwards = 0
    cpu, wall = time.process_time(), time.perf_counter()
    with contextlib.redirect_stdout(sys.stderr):
        result = action()
    spent = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return {**result, **spent, "forwards": model.forwards, "backwards": model.backwards}


def stage(model, images, labels, name: str, norm: str, epsilon: float, seed: int, batch: int) -> dict:
    """One attack of the standard version, with that version's options, on all of the images that are right."""
    adversary = AutoAttack(model, norm=norm, eps=epsilon, seed=seed, version="standard", device="cpu", verbose=False)
    adversary.version, adversary.attacks_to_run = "custom", [name]
    adversarial = adversary.run_standard_evaluation(images, labels, bs=batch)
    with torch.no_grad():
        right = torch.cat([model(part).argmax(1) for part in adversarial.split(batch)]) == labels
    model.forwards -= len(images)
    return {"right": right.tolist()}


def gradients(model, images, labels, batch: int) -> dict:
    for x, y in zip(images.split(batch), labels.split(batch)):
        x = x.clone().requires_grad_()
        loss = torch.nn.functional.cross_entropy(model(x), y, reduction="none")
        torch.autograd.grad(loss.sum(), [x])
    return {}


def evaluations(model, images, batch: int) -> dict:
    with torch.no_grad():
        for x in images.split(batch):
            model(x)
    return {}


def serve(inputs: str, directory: str, statistics: dict, threads: int) -> None:
    torch.set_num_threads(threads)
    # Questions to the model that are no part of an attack would be repeated for every stage here.
    checks.check_randomized = checks.check_dynamic = lambda *_, **__: None
    given = load_file(inputs)
    model = Zeroshot(directory, given["text"], **statistics)
    images, labels = given["images"], given["labels"].long()
    with torch.no_grad():
        off = (model(images) - given["logits"]).abs().max().item()
    assert off <= 1e-4, f"Logits differ by {off}."
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    print(json.dumps({**versions, "threads": torch.get_num_threads(), "logits": off}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        rows = command.pop("rows")
        x, y = images[rows], labels[rows]
        actions = {
            "gradients": lambda: gradients(model, x, y, **command),
            "evaluations": lambda: evaluations(model, x, **command),
            "stage": lambda: stage(model, x, y, **command),
        }
        print(json.dumps(timed(model, actions[command.pop("do")])), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), int(sys.argv[4]))
