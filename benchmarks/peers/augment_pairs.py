"""The paper's augmentation of pairs in plain Python: tries a second, words and tags given, duplicates dropped.

    python augment_pairs.py TSV [--rows 20000] [--iterations 10]

TSV has a header and the two texts in its columns question1 and question2. As augment.py: words between spaces, a word's
tag is a hash of it modulo 12, a plain script. Tries vary the first text, the second, both, in turn; a duplicate is a
duplicate of the pair. Prints one line of JSON.
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
parser.add_argument("--iterations", type=int, default=10)
options = parser.parse_args()

with open(options.tsv, encoding="utf8") as file:
    lines = list(file)[: options.rows + 1]
header = lines[0].rstrip("\n").split("\t")
places = [header.index("question1"), header.index("question2")]
pairs = [[line.rstrip("\n").split("\t")[place].split() for place in places] for line in lines[1:]]
tags = [[[zlib.crc32(word.encode()) % 12 for word in words] for words in pair] for pair in pairs]
words_of = {}
for pair, their_tags in zip(pairs, tags):
    for words, tags_of_one in zip(pair, their_tags):
        for word, tag in zip(words, tags_of_one):
            words_of.setdefault(tag, []).append(word)

rng = random.Random(0)


def vary(words, their_tags):
    new = []
    for word, tag in zip(words, their_tags):
        u = rng.random()
        new.append("[MASK]" if u < 0.1 else rng.choice(words_of[tag]) if u < 0.2 else word)
    if rng.random() < 0.25:
        n = rng.randint(1, 5)
        first = rng.randint(0, max(0, len(new) - n))
        new = new[first : first + n]
    return " ".join(new)


begun = time.perf_counter()
seen = {(" ".join(first), " ".join(second)) for first, second in pairs}
made = []
for (first, second), (first_tags, second_tags) in zip(pairs, tags):
    for iteration in range(options.iterations):
        turn = iteration % 3
        pair = (
            " ".join(first) if turn == 1 else vary(first, first_tags),
            " ".join(second) if turn == 0 else vary(second, second_tags),
        )
        if pair not in seen:
            seen.add(pair)
            made.append(pair)
seconds = time.perf_counter() - begun
tried = len(pairs) * options.iterations
print(json.dumps({"value": tried / seconds, "made": len(made), "tried": tried, "version": platform.python_version()}))
