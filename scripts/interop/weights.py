"""Loads an export in layout transformers as any CLIPModel and prints how far its logits are from those in logits.bin."""

import json
import sys

import numpy
import torch
import transformers

folder = sys.argv[1]
record = json.load(open(f"{folder}/export.json"))
model = transformers.CLIPModel.from_pretrained(folder, dtype=torch.float32).eval()
tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
size = record["image"]["size"]
pixels = torch.from_numpy(numpy.fromfile(f"{folder}/pixels.bin", dtype="float32").reshape(-1, 3, size, size))
texts = [record["text"]["hypothesisTemplate"].replace("{}", name) for name in record["classNames"]]
tokens = tokenizer(texts, padding=True, return_tensors="pt")
with torch.no_grad():
    found = model(pixel_values=pixels, input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"])
found = found.logits_per_image.double().numpy()
expected = numpy.fromfile(f"{folder}/logits.bin", dtype="float32").astype("float64").reshape(found.shape)
print(
    json.dumps(
        {
            "transformers": transformers.__version__,
            "torch": torch.__version__,
            "images": len(found),
            "relativeL2": float(numpy.linalg.norm(found - expected) / numpy.linalg.norm(expected)),
            "labelAgreement": float((found.argmax(1) == expected.argmax(1)).mean()),
        }
    )
)
