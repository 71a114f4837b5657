#!/usr/bin/python3
"""Measures GGUF files of the demo model on held-out prompts, at temperature 0 and in float32."""

import argparse
import json
import os
import pathlib
import re
import sys

import torch

import chat
import generate
import held_out
import modelfile

HERE = pathlib.Path(__file__).resolve().parent


def load(path):
    """(Shape, Tokenizer, torch weights) of a GGUF file."""
    shape, tokenizer, values = modelfile.load(path)
    return shape, tokenizer, {name: torch.from_numpy(array.copy()) for name, array in values.items()}


def measure(path, show):
    """{group: (right, all)}; prints up to `show` wrong answers of each group."""
    shape, tokenizer, weights = load(path)
    results = {}
    for group, cases in held_out.cases().items():
        answers = generate.complete_all(shape, weights, tokenizer, [case.prompt for case in cases])
        wrong = [(case, text) for case, text in zip(cases, answers) if not held_out.is_right(case, text)]
        results[group] = (len(cases) - len(wrong), len(cases))
        for case, text in wrong[:show]:
            print(f"  {group}: {case.prompt[-90:]!r}\n    wrote {text!r}\n    not   {case.expected!r}", file=sys.stderr)
    return results


def check_prompts(path):
    """Runs prompts.json on one file and returns the number of answers that are not as expected."""
    shape, tokenizer, weights = load(path)
    ready = json.loads((HERE / "prompts.json").read_text(encoding="utf-8"))["prompts"]
    texts = [p["prompt"] if "--raw" in p["flags"] else chat.turn("user", p["prompt"]) + chat.ASSISTANT for p in ready]
    wrong = 0
    for prompt, answer in zip(ready, generate.complete_all(shape, weights, tokenizer, texts)):
        if not re.fullmatch(prompt["expected"], answer):
            wrong += 1
            print(f"{path.name}: {prompt['name']}: {answer!r}")
    print(f"{path.name}: {len(ready) - wrong} of {len(ready)} prompts answered as expected")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=pathlib.Path, help="GGUF files (default: the two beside this script)")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print N wrong answers of each group")
    parser.add_argument("--prompts", action="store_true", help="check prompts.json instead of measuring")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="CPU threads (default: all)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    files = options.files or [HERE / "redbolt-demo-F16.gguf", HERE / "redbolt-demo-Q4_K_M.gguf"]
    if options.prompts:
        return 1 if sum(check_prompts(path) for path in files) else 0
    columns = [measure(path, options.show) for path in files]
    print("| prompts | " + " | ".join(path.stem for path in files) + " |\n|---" + "|---" * len(files) + "|")
    for group in columns[0]:
        cells = [f"{right}/{count} ({100 * right / count:.1f} %)" for right, count in (c[group] for c in columns)]
        print(f"| {group.replace('_', ' ')} | " + " | ".join(cells) + " |")
    totals = [tuple(map(sum, zip(*column.values()))) for column in columns]
    print("| all | " + " | ".join(f"{r}/{n} ({100 * r / n:.1f} %)" for r, n in totals) + " |")


if __name__ == "__main__":
    sys.exit(main())
