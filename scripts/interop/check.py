"""Runs exported graphs in onnxruntime of Python on the same numbers as Node.js, and prints how far the results are apart."""

import json
import sys

import numpy
import onnxruntime

task = json.load(open(sys.argv[1]))
distances = {}
for name, case in task["cases"].items():
    session = onnxruntime.InferenceSession(case["model"], providers=["CPUExecutionProvider"])
    feeds = {
        key: numpy.fromfile(feed["file"], dtype=feed["type"]).reshape(feed["shape"])
        for key, feed in case["feeds"].items()
    }
    found = session.run([case["output"]], feeds)[0].astype(numpy.float64).ravel()
    expected = numpy.fromfile(case["expected"], dtype="float32").astype(numpy.float64)
    distances[name] = float(numpy.linalg.norm(found - expected) / numpy.linalg.norm(expected))
print(json.dumps({"onnxruntime": onnxruntime.__version__, "relativeL2": distances}))
