"""What Python's libraries make of files of toOnnx: see check-to-onnx.ts.

    python check_to_onnx.py FOLDER
"""
import json
import sys

import numpy as np
import onnx
import onnxruntime

folder = sys.argv[1]
with open(f"{folder}/runs.json", encoding="utf8") as file:
    runs = json.load(file)
failed = False
print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")
sessions = {}
for run in runs:
    path = f"{folder}/{run['file']}"
    if path not in sessions:
        onnx.checker.check_model(path, full_check=True)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        sessions[path] = onnxruntime.InferenceSession(path, options)
    x = np.array(run["input"], dtype=run["dtype"]).reshape(run["shape"])
    (y,) = sessions[path].run(None, {"input_0": x})
    wanted = np.array(run["output"], dtype=np.float32).reshape(run["outputShape"])
    off = float(np.abs(y - wanted).max()) if y.shape == wanted.shape else np.inf
    holds = off < 1e-5
    failed |= not holds
    print(f"{'ok    ' if holds else 'FAILED'} {run['name']}, batch {run['shape'][0]}: off by {off:.1e} at most")
sys.exit(failed)
