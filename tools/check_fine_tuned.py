"""What transformers makes of fine-tuned folders: see check-fine-tuned.ts.

    python check_fine_tuned.py FOLDER
"""
import json
import pathlib
import sys

import torch
import transformers
from transformers import AutoModelForSequenceClassification, AutoTokenizer

folder = pathlib.Path(sys.argv[1])
failed = False
print(f"transformers {transformers.__version__}, torch {torch.__version__}")
for cases_file in sorted(folder.glob("*.json")):
    with open(cases_file, encoding="utf8") as file:
        cases = json.load(file)
    tokenizer = AutoTokenizer.from_pretrained(folder / cases_file.stem)
    model = AutoModelForSequenceClassification.from_pretrained(folder / cases_file.stem).eval()
    # As transformers 4 does: version 5 leaves ALBERT's out.
    segments = getattr(model.config, "type_vocab_size", 0) > 1
    found = []
    for example in cases["examples"]:
        texts = [example[part].replace("[MASK]", tokenizer.mask_token) for part in ("text", "pair") if part in example]
        inputs = tokenizer(*texts, truncation=True, return_tensors="pt", return_token_type_ids=segments)
        with torch.no_grad():
            found.append(model(**inputs).logits[0])
    wanted = torch.tensor(cases["logits"]).reshape(len(found), -1)
    off = (torch.stack(found) - wanted).abs().max().item()
    labels = [model.config.id2label[index] for index in range(model.config.num_labels)]
    holds = off < 1e-4 and labels == cases["labels"]
    failed |= not holds
    print(f"{'ok    ' if holds else 'FAILED'} {cases_file.stem}: {len(found)} texts, logits off by {off:.1e} at most, labels {', '.join(labels)}")
sys.exit(failed)
