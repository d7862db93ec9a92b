"""What Python's libraries make of an exported student: see check-exports.ts.

    python check_exports.py EXPORTS_FOLDER SAVED_FOLDER
"""
import json
import statistics
import sys
import time

import numpy as np
import onnx
import onnxruntime
import tokenizers
import torch
from safetensors.torch import load_file

exports, saved = sys.argv[1:]
with open(f"{exports}/cases.json", encoding="utf8") as file:
    cases = json.load(file)
texts, ids = cases["texts"], cases["ids"]
wanted = np.array(cases["logits"], dtype=np.float32).reshape(len(texts), -1)
failed = []


def report(what, holds, detail):
    print(f"{'ok    ' if holds else 'FAILED'} {what}: {detail}")
    if not holds:
        failed.append(what)


tokenizer = tokenizers.Tokenizer.from_file(f"{exports}/tokenizer.json")
words = [tokenizer.encode(text).ids for text in texts]
different = [place for place, text in enumerate(texts) if (words[place] or [1]) != ids[place]]
report(f"tokenizers {tokenizers.__version__}", not different, f"{len(texts) - len(different)} of {len(texts)} strings have equal ids")
for place in different[:10]:
    print("      ", ascii(texts[place]), words[place], ids[place])


def run(session, rows):
    length = max(map(len, rows))
    padded = np.array([row + [0] * (length - len(row)) for row in rows], dtype=np.int64)
    return session.run(["logits"], {"input_ids": padded})[0]


def compare(what, logits, reference, limit):
    distance = np.abs(logits - reference).max()
    equal = (logits.argmax(1) == reference.argmax(1)).sum()
    report(what, distance < limit, f"logits differ by {distance:.2g} at most, equal classes for {equal} of {len(texts)}")


name = f"onnxruntime {onnxruntime.__version__}"
onnx.checker.check_model(f"{exports}/float32.onnx", full_check=True)
session = onnxruntime.InferenceSession(f"{exports}/float32.onnx")
about = session.get_modelmeta().custom_metadata_map
own = tokenizers.Tokenizer.from_str(about["tokenizer"])
batches = [[encoding.ids for encoding in own.encode_batch(texts[at : at + 64])] for at in range(0, len(texts), 64)]
compare(f"{name}, float32, with the file's own tokenizer, batches of 64", np.concatenate([run(session, rows) for rows in batches]), wanted, 1e-5)
empty = run(session, [tokenizer.encode("").ids] * 3)
unknown = run(session, [[1]])
report(f"{name}, three texts without words", np.abs(empty - unknown).max() < 1e-5, f"labels {about['labels']}, logits {empty[0].tolist()}")

session = onnxruntime.InferenceSession(f"{exports}/int8.onnx")
int8 = np.concatenate([run(session, [row]) for row in ids])
of_node = np.array(cases["int8"], dtype=np.float32).reshape(wanted.shape)
compare(f"{name}, int8, and onnxruntime-node", int8, of_node, 1e-5)
compare(f"{name}, int8, and the student", int8, wanted, 0.5)
batched = np.concatenate([run(session, ids[at : at + 64]) for at in range(0, len(ids), 64)])
compare(f"{name}, int8, batches of 64 and one at a time", batched, int8, 0.5)

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
sessions = {kind: onnxruntime.InferenceSession(f"{exports}/{kind}.onnx", options) for kind in ("float32", "int8")}
times = {kind: [] for kind in sessions}
for row in ids:
    feed = {"input_ids": np.array([row], dtype=np.int64)}
    for kind, session in sessions.items():
        begun = time.perf_counter()
        session.run(["logits"], feed)
        times[kind].append(1000 * (time.perf_counter() - begun))
print("       one string, one thread, p50 ms:", ", ".join(f"{kind} {statistics.median(values):.3f}" for kind, values in times.items()))

with open(f"{saved}/config.json", encoding="utf8") as file:
    config = json.load(file)
weights = load_file(f"{saved}/model.safetensors")
tables = [weights[f"embeddings.{channel}"] for channel in ("static", "trainable") if f"embeddings.{channel}" in weights]
lstm = torch.nn.LSTM(len(tables) * config["dimensions"], config["hidden"], bidirectional=True, batch_first=True)
with torch.no_grad():
    for key, parameter in lstm.named_parameters():
        parameter.copy_(weights.get(f"lstm.{key}", torch.zeros(())))
    logits = []
    for row in ids:
        vectors = torch.cat([table[torch.tensor(row)] for table in tables], dim=1)
        states = lstm(vectors[None])[1][0].reshape(1, -1)
        hidden = torch.relu(states @ weights["dense.weight"].T + weights["dense.bias"])
        logits.append(hidden @ weights["logits.weight"].T + weights["logits.bias"])
compare(f"torch {torch.__version__}, the saved folder", torch.cat(logits).numpy(), wanted, 1e-5)
sys.exit(1 if failed else 0)
