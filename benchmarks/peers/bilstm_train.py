"""PyTorch: the paper's student trained on the batches that FOLDER holds, one epoch for each line read.

    python bilstm_train.py FOLDER static|dense|sparse BATCH [--padded] [--threads 2]

FOLDER has `weights.safetensors` (our first weights) and `batches-BATCH.safetensors`. `static` keeps the word vectors,
`dense` trains them by Adam, `sparse` by SparseAdam (rows of the batch only). Batches with two texts for each label train
the student of pairs: both texts in one pass through the LSTM. Sentences are packed, so padding costs nothing; `--padded`
leaves them padded to the batch's longest and runs each direction by itself, the backward one on reversed words.
PyTorch's second LSTM bias stays zero: it would only double the first one. Answers with one line of JSON.
"""
import argparse
import json
import resource
import sys
import time

import torch
from safetensors.torch import load_file
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("vectors", choices=["static", "dense", "sparse"])
parser.add_argument("batch", type=int)
parser.add_argument("--padded", action="store_true")
parser.add_argument("--threads", type=int, default=2)
options = parser.parse_args()
torch.set_num_threads(options.threads)

ours = load_file(f"{options.folder}/weights.safetensors")
stored = load_file(f"{options.folder}/batches-{options.batch}.safetensors")
batches = []
for index in range(len(stored) // 3):
    labels = stored[f"{index}.labels"].long()
    targets = torch.where(labels[:, None] == torch.arange(2), 2.0, -2.0)
    ids, lengths = stored[f"{index}.ids"].long(), stored[f"{index}.lengths"].long()
    if options.padded:
        # Words from the last to the first, the padding behind them as before.
        places = lengths[:, None] - 1 - torch.arange(ids.shape[1])
        ids = torch.stack([ids, torch.where(places >= 0, ids.gather(1, places.clamp(min=0)), 0)])
    batches.append((ids, lengths, targets))
pairs = len(batches[0][1]) == 2 * options.batch

table = next(value for name, value in ours.items() if name.startswith("embeddings")).view(-1, 300)


class Student(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(*table.shape, sparse=options.vectors == "sparse")
        self.lstm = nn.LSTM(300, 150, batch_first=True, bidirectional=True)
        self.dense = nn.Linear(1200 if pairs else 300, 200)
        self.logits = nn.Linear(200, 2)

    def forward(self, ids, lengths):
        h = (self.padded if options.padded else self.packed)(ids, lengths)
        if pairs:
            a, b = h.chunk(2)
            h = torch.cat([a, b, a * b, (a - b).abs()], 1)
        return self.logits(torch.relu(self.dense(h)))

    def packed(self, ids, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return torch.cat([h[0], h[1]], 1)

    def padded(self, ids, lengths):
        weights, zeros = self.lstm._flat_weights, torch.zeros(1, len(lengths), 150)
        ends = (lengths - 1)[:, None, None].expand(-1, 1, 150)
        states = []
        for direction in range(2):
            own = weights[4 * direction : 4 * direction + 4]
            every, _, _ = torch.lstm(self.embed(ids[direction]), (zeros, zeros), own, True, 1, 0.0, True, False, True)
            states.append(every.gather(1, ends)[:, 0])
        return torch.cat(states, 1)


model = Student()
with torch.no_grad():
    for name, parameter in model.named_parameters():
        if name == "embed.weight":
            parameter.copy_(table)
        elif "bias_hh" in name:
            parameter.zero_().requires_grad_(False)
        else:
            parameter.copy_(ours[name].view(parameter.shape))
model.embed.weight.requires_grad_(options.vectors != "static")
trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
if options.vectors == "sparse":
    rest = [parameter for parameter in trained if parameter is not model.embed.weight]
    optimizers = [torch.optim.SparseAdam([model.embed.weight], 1e-3), torch.optim.Adam(rest, 1e-3)]
else:
    optimizers = [torch.optim.Adam(trained, 1e-3)]


def epoch():
    begun, processor = time.perf_counter(), time.process_time()
    total = 0.0
    for ids, lengths, targets in batches:
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss = ((model(ids, lengths) - targets) ** 2).mean()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        last = loss.item()
        total += last
    seconds = time.perf_counter() - begun
    return {"value": len(batches) * options.batch / seconds, "loss": total / len(batches), "last": last, "version": torch.__version__, "processor": 1000 * (time.process_time() - processor), "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000}


for _ in sys.stdin:
    print(json.dumps(epoch()), flush=True)
