"""PyTorch: a BERT checkpoint fine-tuned on the batches that FOLDER holds, one epoch for each line read.

    python finetune.py MODEL FOLDER [--threads 2]

FOLDER has `batches-32.safetensors` (token ids by our tokeniser) and `classifier.safetensors` (our first weights of the
new layer). AdamW at 5e-5, decay 0.01 on matrices, clipping at 1.0, no dropout; batches are padded to their longest.
"""
import argparse
import json
import resource
import sys
import time

import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("folder")
parser.add_argument("--threads", type=int, default=2)
options = parser.parse_args()
torch.set_num_threads(options.threads)

stored = load_file(f"{options.folder}/batches-32.safetensors")
batches = []
for index in range(len(stored) // 3):
    ids = stored[f"{index}.ids"].long()
    mask = (torch.arange(ids.shape[1]) < stored[f"{index}.lengths"][:, None]).long()
    batches.append((ids, mask, stored[f"{index}.labels"].long()))

model = AutoModelForSequenceClassification.from_pretrained(
    options.model,
    num_labels=2,
    dtype=torch.float32,
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
)
with torch.no_grad():
    model.classifier.weight.copy_(load_file(f"{options.folder}/classifier.safetensors")["weight"])
    model.classifier.bias.zero_()
model.train()
plain = ("bias", "LayerNorm")
groups = [
    {"params": [p for n, p in model.named_parameters() if not any(x in n for x in plain)], "weight_decay": 0.01},
    {"params": [p for n, p in model.named_parameters() if any(x in n for x in plain)], "weight_decay": 0.0},
]
optimizer = torch.optim.AdamW(groups, lr=5e-5)


def epoch():
    begun, processor = time.perf_counter(), time.process_time()
    total = 0.0
    for ids, mask, labels in batches:
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        total += loss.item()
    seconds = time.perf_counter() - begun
    return {"value": len(batches) * 32 / seconds, "loss": total / len(batches), "version": torch.__version__, "processor": 1000 * (time.process_time() - processor), "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000}


for _ in sys.stdin:
    print(json.dumps(epoch()), flush=True)
