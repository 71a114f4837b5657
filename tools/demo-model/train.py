#!/usr/bin/python3
"""Trains Redbolt's demo model and writes it as F16 and Q4_K_M GGUF files. See README.md."""

import argparse
import math
import os
import pathlib
import sys
import time

import torch
import torch.nn.functional as F

import batches
import model
import modelfile
import recipe
from optimiser import Optimiser

HERE = pathlib.Path(__file__).resolve().parent
WARM_UP = 60
COOL_DOWN = 11 / 15
# The share of steps at the end during which half of the steps see the quantised weights.
QUANTISED_SHARE = 0.2
REQUANTISE_EVERY = 8


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=3000, help="training steps (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="seed of weights and data (default %(default)s)")
    parser.add_argument("--vocabulary", type=int, default=1024, help="number of tokens (default %(default)s)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="CPU threads (default: all)")
    parser.add_argument("--out", type=pathlib.Path, default=HERE, help="folder of the GGUF files (default: here)")
    parser.add_argument("--checkpoint", type=pathlib.Path, default=HERE.parents[1] / "build/demo-model/checkpoint.pt",
                        help="file to stop and go on with (default build/demo-model/checkpoint.pt)")
    return parser.parse_args()


def rate_share(step, steps):
    """The learning rate as a share of the highest.

    A linear rise, a slow fall along a cosine, and from COOL_DOWN on a line down to a fiftieth.
    """
    if step < WARM_UP:
        return (step + 1) / WARM_UP
    slow_end, cool_down = 1.5 * steps, int(steps * COOL_DOWN)
    progress = (min(step, cool_down) - WARM_UP) / (slow_end - WARM_UP)
    share = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress))
    remaining = min(1.0, (steps - step) / (steps - cool_down))
    return 0.02 + (share - 0.02) * remaining


class QuantisationError:
    """What Q4_K_M does to each weight, kept as a difference so that the gradient passes by it."""

    def __init__(self, shape):
        self.shape, self.difference = shape, {}

    def measure(self, weights):
        for name, weight in weights.items():
            kind = recipe.tensor_type(name, weight.dim(), "Q4_K_M", self.shape.layers)
            if weight.dim() > 1:
                values = weight.detach().cpu().numpy()
                rounded = recipe.decode(recipe.encode(values, kind), kind, values.shape[::-1])
                self.difference[name] = torch.from_numpy(rounded - values).to(weight.device)

    def add_to(self, weights):
        return {name: w + self.difference[name] if name in self.difference else w for name, w in weights.items()}


def loss_of(shape, weights, batch):
    """(summed cross entropy, number of predicted tokens)."""
    products = {name: w.bfloat16() if w.dim() > 1 else w for name, w in weights.items()}
    states = model.hidden_states(shape, products, batch.tokens, batch.positions, batch.mask())
    predicted = batch.learned[:, 1:] & (batch.owner[:, 1:] == batch.owner[:, :-1])
    logits = model.logits(products, states[:, :-1][predicted])
    return F.cross_entropy(logits, batch.tokens[:, 1:][predicted], reduction="sum"), int(predicted.sum())


def gradients(shape, weights, parts):
    """Adds up the gradients of the batches; returns the mean loss of each."""
    losses = []
    for batch in parts:
        loss, count = loss_of(shape, weights, batch)
        (loss / count / len(parts)).backward()
        losses.append(loss.item() / count)
    return losses


def save_checkpoint(path, step, weights, optimiser):
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save({"step": step, "weights": weights, "optimiser": optimiser.state_dict()}, partial)
    partial.replace(path)


def export(folder, shape, tokenizer, weights):
    values = {name: weight.detach().cpu().numpy() for name, weight in weights.items()}
    for file_type in recipe.FILE_TYPES:
        modelfile.save(folder / f"redbolt-demo-{file_type}.gguf", shape, tokenizer, values, file_type)


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = batches.trained_tokenizer(options.seed, options.vocabulary)
    shape = model.Shape(len(tokenizer.tokens))
    weights = model.initial_weights(shape, torch.Generator().manual_seed(options.seed))
    weights = {name: weight.to(device).requires_grad_() for name, weight in weights.items()}
    optimiser = Optimiser(weights)
    first = 0
    if options.checkpoint.exists():
        saved = torch.load(options.checkpoint, map_location=device)
        first = saved["step"]
        for name, weight in weights.items():
            weight.data.copy_(saved["weights"][name])
        optimiser.load_state_dict(saved["optimiser"])
    count = sum(weight.numel() for weight in weights.values())
    print(f"{count} parameters, {len(tokenizer.tokens)} tokens, {device}, steps {first} to {options.steps}", flush=True)

    error = QuantisationError(shape)
    quantised_from = int(options.steps * (1 - QUANTISED_SHARE))
    started, averages = time.monotonic(), None
    for step in range(first, options.steps):
        used = weights
        if step >= quantised_from:
            if step % REQUANTISE_EVERY == 0 or not error.difference:
                error.measure(weights)
            if step % 2 == 0:
                used = error.add_to(weights)
        parts = [batch.to(device) for batch in batches.batches_of_step(tokenizer, options.seed, step)]
        losses = gradients(shape, used, parts)
        optimiser.step(rate_share(step, options.steps))
        averages = losses if averages is None else [0.95 * a + 0.05 * b for a, b in zip(averages, losses)]
        if (step + 1) % 25 == 0:
            seconds = (time.monotonic() - started) / (step + 1 - first)
            text = " ".join(f"{value:.4f}" for value in averages)
            print(f"step {step + 1}/{options.steps} loss {text} {seconds:.2f} s/step", flush=True)
        if (step + 1) % 200 == 0:
            save_checkpoint(options.checkpoint, step + 1, weights, optimiser)
    options.out.mkdir(parents=True, exist_ok=True)
    export(options.out, shape, tokenizer, weights)


if __name__ == "__main__":
    sys.exit(main())
