"""Python: the sentences of FOLDER/sentences.txt to stored logits, all of them for each line read.

    python label.py prepare MODEL FOLDER
    python label.py torch|onnxruntime-int8 FOLDER [--batch 64] [--threads 2] [--rows 20000]

`prepare` puts a head of random weights on the encoder MODEL and writes FOLDER/classifier, a Hugging Face folder, and
FOLDER/classifier.int8.onnx, quantised dynamically as ONNX Runtime's tool does it for each channel. Sentences are tokenised all at once (in parallel),
sorted by length, padded to the longest of their batch; logits go to a file in the sentences' order.
"""
import argparse
import json
import os
import sys
import time

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

parser = argparse.ArgumentParser()
parser.add_argument("engine")
parser.add_argument("folders", nargs="+")
parser.add_argument("--batch", type=int, default=64)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--rows", type=int, default=10**9)
options = parser.parse_args()
torch.set_num_threads(options.threads)
folder = options.folders[-1]
classifier = os.path.join(folder, "classifier")
graph = os.path.join(folder, "classifier.int8.onnx")
names = ("input_ids", "attention_mask", "token_type_ids")


def prepare(base):
    from onnxruntime.quantization import quantize_dynamic

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=2, dtype=torch.float32).eval()
    # Larger than a new head has them, so that its arg-max is no matter of rounding.
    model.classifier.weight.data.mul_(20)
    model.save_pretrained(classifier)
    tokenizer.save_pretrained(classifier)
    single = os.path.join(folder, "classifier.onnx")
    batch = tokenizer(["a warm and clever little film"] * 2, return_tensors="pt")
    axes = {name: {0: "batch", 1: "length"} for name in names}
    torch.onnx.export(
        model,
        tuple(batch[name] for name in names),
        single,
        dynamo=False,
        opset_version=17,
        input_names=list(names),
        output_names=["logits"],
        dynamic_axes={**axes, "logits": {0: "batch"}},
    )
    quantize_dynamic(single, graph, per_channel=True, op_types_to_quantize=["MatMul", "Gather"])


def by_torch():
    model = AutoModelForSequenceClassification.from_pretrained(classifier, dtype=torch.float32).eval()

    def run(batch):
        with torch.inference_mode():
            return model(**{name: torch.from_numpy(batch[name]) for name in names}).logits.numpy()

    return run, torch.__version__


def by_onnxruntime():
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    session = onnxruntime.InferenceSession(graph, settings, providers=["CPUExecutionProvider"])
    inputs = [tensor.name for tensor in session.get_inputs()]
    return lambda batch: session.run(None, {name: batch[name] for name in inputs})[0], onnxruntime.__version__


if options.engine == "prepare":
    prepare(options.folders[0])
    print(json.dumps({"bytes": os.path.getsize(graph)}))
    sys.exit()

tokenizer = AutoTokenizer.from_pretrained(classifier)
run, version = by_torch() if options.engine == "torch" else by_onnxruntime()
with open(os.path.join(folder, "sentences.txt"), encoding="utf8") as file:
    sentences = file.read().split("\n")[: options.rows]


def label():
    begun = time.perf_counter()
    encoded = tokenizer(sentences, truncation=True, max_length=128)
    order = sorted(range(len(sentences)), key=lambda i: len(encoded["input_ids"][i]))
    logits = np.empty((len(sentences), 2), np.float32)
    for start in range(0, len(order), options.batch):
        rows = order[start : start + options.batch]
        batch = tokenizer.pad({name: [encoded[name][i] for i in rows] for name in names}, return_tensors="np")
        logits[rows] = run(batch)
    logits.tofile(os.path.join(folder, f"{options.engine}.f32"))
    return {"value": len(sentences) / (time.perf_counter() - begun), "version": version}


for line in sys.stdin:
    print(json.dumps(label()), flush=True)
