"""PyTorch: one BERT layer (384 wide, 12 heads, 1536 inner, 32 x 32 tokens) on fixed inputs, forward, backward, Adam.

    python bert_layer.py FOLDER [--threads 2]

FOLDER has `layer.safetensors`: our first weights and the inputs. 20 steps for each line read, answered with one line of JSON.
"""
import argparse
import json
import resource
import sys
import time

import torch
from safetensors.torch import load_file
from transformers import BertConfig
from transformers.models.bert.modeling_bert import BertLayer

parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("--threads", type=int, default=2)
options = parser.parse_args()
torch.set_num_threads(options.threads)

ours = load_file(f"{options.folder}/layer.safetensors")
config = BertConfig(
    hidden_size=384, num_attention_heads=12, intermediate_size=1536, hidden_dropout_prob=0, attention_probs_dropout_prob=0
)
config._attn_implementation = "sdpa"
layer = BertLayer(config)
names = {
    "attention.output.dense": "attention",
    "attention.output.LayerNorm": "attentionNorm",
    "intermediate.dense": "inner",
    "output.dense": "output",
    "output.LayerNorm": "outputNorm",
}
with torch.no_grad():
    for name, parameter in layer.named_parameters():
        module, kind = name.rsplit(".", 1)
        if module.startswith("attention.self."):
            own = module.rsplit(".", 1)[1]
            value = ours[f"{own}.kernel" if kind == "weight" else f"{own}.bias"]
        else:
            own = names[module]
            value = ours[f"{own}.bias" if kind == "bias" else f"{own}.gain" if own.endswith("Norm") else f"{own}.kernel"]
        parameter.copy_(value.T if value.dim() == 2 else value)
optimizer = torch.optim.Adam(layer.parameters(), 1e-4)
x = ours["x"]
STEPS = 20


def epoch():
    begun, processor = time.perf_counter(), time.process_time()
    for _ in range(STEPS):
        optimizer.zero_grad(set_to_none=True)
        y = layer(x)
        loss = ((y[0] if isinstance(y, tuple) else y) ** 2).mean()
        loss.backward()
        optimizer.step()
    seconds = time.perf_counter() - begun
    return {"value": STEPS * len(x) / seconds, "loss": loss.item(), "version": torch.__version__, "processor": 1000 * (time.process_time() - processor), "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000}


for _ in sys.stdin:
    print(json.dumps(epoch()), flush=True)
