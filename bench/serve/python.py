"""The same model in Python: FastAPI, uvicorn, Pillow and onnxruntime on a classifier that naptune export wrote.
A peer of naptune serve in bench/serve.mjs.

python bench/serve/python.py EXPORT
"""

import asyncio
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import onnxruntime
import uvicorn
from fastapi import FastAPI, Request
from PIL import Image

folder = sys.argv[1]
with open(os.path.join(folder, "preprocessor_config.json")) as file:
    preparation = json.load(file)
with open(os.path.join(folder, "labels.json")) as file:
    labels = json.load(file)
names = labels if isinstance(labels, list) else labels.get("classNames", labels)
mean = np.array(preparation["image_mean"], np.float32).reshape(3, 1, 1)
std = np.array(preparation["image_std"], np.float32).reshape(3, 1, 1)
crop = preparation["crop_size"]["height"]
edge = preparation["size"]["shortest_edge"]
session = onnxruntime.InferenceSession(os.path.join(folder, "model.onnx"), providers=["CPUExecutionProvider"])
# One call of the model at a time; decoding goes on beside it.
model_thread = ThreadPoolExecutor(1)
app = FastAPI()


def prepare(body):
    image = Image.open(BytesIO(body)).convert("RGB")
    width, height = image.size
    scale = edge / min(width, height)
    image = image.resize((max(edge, int(width * scale)), max(edge, int(height * scale))), Image.BICUBIC)
    left, top = (image.width - crop) // 2, (image.height - crop) // 2
    image = image.crop((left, top, left + crop, top + crop))
    pixels = np.asarray(image, np.float32).transpose(2, 0, 1) / 255
    return ((pixels - mean) / std)[None]


@app.post("/v1/classify")
async def classify(request: Request):
    loop = asyncio.get_running_loop()
    pixels = await loop.run_in_executor(None, prepare, await request.body())
    (logits, *_) = await loop.run_in_executor(model_thread, session.run, None, {"pixel_values": pixels})
    weights = np.exp(logits[0] - logits[0].max())
    best = np.argsort(-logits[0])[:5]
    return {
        "images": [{"classes": [{"className": names[i], "probability": float(weights[i] / weights.sum())} for i in best]}]
    }


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        print(f"url http://127.0.0.1:{port}/v1/classify", file=sys.stderr, flush=True)


Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error")).run()
