"""The paper's augmentation in plain Python: tries a second, words and tags given, duplicates dropped.

    python augment.py TSV [--rows 20000] [--iterations 20]

TSV has a header and the sentence in its first column. Words stand between spaces; a word's tag is a hash of it modulo
12, so no tagger is timed. A plain script as one would write it: with its loops inside a function Python runs them about
1.4 times faster. Prints one line of JSON.
"""
import argparse
import json
import platform
import random
import time
import zlib

parser = argparse.ArgumentParser()
parser.add_argument("tsv")
parser.add_argument("--rows", type=int, default=20000)
parser.add_argument("--iterations", type=int, default=20)
options = parser.parse_args()

with open(options.tsv, encoding="utf8") as file:
    sentences = [line.rstrip("\n").split("\t")[0].split() for line in list(file)[1 : options.rows + 1]]
tags = [[zlib.crc32(word.encode()) % 12 for word in words] for words in sentences]
words_of = {}
for words, their_tags in zip(sentences, tags):
    for word, tag in zip(words, their_tags):
        words_of.setdefault(tag, []).append(word)

rng = random.Random(0)
begun = time.perf_counter()
seen = {" ".join(words) for words in sentences}
made = []
for words, their_tags in zip(sentences, tags):
    for _ in range(options.iterations):
        new = []
        for word, tag in zip(words, their_tags):
            u = rng.random()
            new.append("[MASK]" if u < 0.1 else rng.choice(words_of[tag]) if u < 0.2 else word)
        if rng.random() < 0.25:
            n = rng.randint(1, 5)
            first = rng.randint(0, max(0, len(new) - n))
            new = new[first : first + n]
        text = " ".join(new)
        if text not in seen:
            seen.add(text)
            made.append(text)
seconds = time.perf_counter() - begun
tried = len(sentences) * options.iterations
print(json.dumps({"value": tried / seconds, "made": len(made), "tried": tried, "version": platform.python_version()}))
