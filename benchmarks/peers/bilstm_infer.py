"""One run of PyTorch's student on one thread: python bilstm_infer.py FOLDER DIMENSIONS

Random weights of the paper's sizes; the sentences are those of FOLDER/sentences.json. The module is tried as it is and
frozen by TorchScript, and the faster figure counts.
"""
import json, sys, time
from pathlib import Path

import torch
from torch import nn

torch.set_num_threads(1)
folder, dimensions = Path(sys.argv[1]), int(sys.argv[2])


class Student(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(15000, dimensions)
        self.lstm = nn.LSTM(dimensions, 150, batch_first=True, bidirectional=True)
        self.head = nn.Sequential(nn.Linear(300, 200), nn.ReLU(), nn.Linear(200, 2))

    def forward(self, ids):
        _, (h, _) = self.lstm(self.embed(ids))
        return self.head(torch.cat([h[0], h[1]], 1))


def times(inputs, answer):
    out = []
    for one in inputs:
        start = time.perf_counter()
        answer(one)
        out.append(1000 * (time.perf_counter() - start))
    return sorted(out)


def middle(values):
    return values[len(values) // 2]


sentences = json.loads((folder / "sentences.json").read_text())
words = (folder / f"d{dimensions}" / "float32" / "vocabulary.txt").read_text().split("\n")
word_ids = {word: i for i, word in enumerate(words)}
warm = [one["ids"] for one in sentences["warm"][:1000]]
dev = [one["ids"] for one in sentences["dev"]]
texts = [one["text"] for one in sentences["dev"]]
twenty = torch.tensor([[ids[at % len(ids)] for at in range(20)] for ids in dev[:256]])

eager = Student().eval()
with torch.inference_mode():
    frozen = torch.jit.freeze(torch.jit.trace(eager, torch.randint(15000, (1, 20))))
    figures = []
    for model in (eager, frozen):
        from_ids = lambda ids: model(torch.tensor([ids])).tolist()
        from_text = lambda text: from_ids([word_ids.get(word, 1) for word in text.lower().split()])
        times(warm, from_ids)
        ids, text = middle(times(dev, from_ids)), middle(times(texts, from_text))
        model(twenty)
        batch = 256_000 / middle(times([twenty] * 5, model))
        figures.append(dict(ids=ids, text=text, batch=batch, cold=ids))
values = {name: (max if name == "batch" else min)(one[name] for one in figures) for name in figures[0]}
print(json.dumps(dict(values=values, version=torch.__version__)))
