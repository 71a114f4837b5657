"""Training batches: whole conversations packed into rows of tokens, none looking at its neighbours."""

import random
from typing import NamedTuple

import torch

import conversations
import tokenizer as bpe


class Batch(NamedTuple):
    """All (rows, time): tokens, positions within each conversation, which conversation, and whether the token
    is one that the model has to predict."""

    tokens: torch.Tensor
    positions: torch.Tensor
    owner: torch.Tensor
    learned: torch.Tensor

    def mask(self):
        """0 where a token may look, -inf elsewhere: (rows, time, time)."""
        time = self.tokens.shape[1]
        allowed = self.owner[:, :, None] == self.owner[:, None, :]
        allowed &= torch.ones(time, time, dtype=torch.bool, device=allowed.device).tril()
        return torch.zeros(allowed.shape, device=allowed.device).masked_fill_(~allowed, float("-inf"))

    def to(self, device):
        return Batch(*(part.to(device) for part in self))


def encode_segments(tokenizer, segments):
    """(ids, learned flags). Segments are encoded one by one, as prompt and answer are when the model runs."""
    ids, learned = [], []
    for text, flag in segments:
        encoded = tokenizer.encode(text)
        ids += encoded
        learned += [flag] * len(encoded)
    return ids, learned


def pack(tokenizer, rng, draw, mixture, rows, time):
    """A Batch of rows x time tokens from samples that draw(rng, mixture) gives. Too long samples are not used."""
    padding = tokenizer.ids["<|endoftext|>"]
    columns = ([], [], [], [])
    while len(columns[0]) < rows:
        row = ([], [], [], [])
        while True:
            ids, learned = encode_segments(tokenizer, draw(rng, mixture))
            if len(ids) > time:
                continue
            free = time - len(row[0])
            if len(ids) > free:
                break
            owner = row[2][-1] + 1 if row[2] else 0
            for part, values in zip(row, (ids, range(len(ids)), [owner] * len(ids), learned)):
                part += values
        filler = ([padding] * free, range(free), [-1] * free, [False] * free)
        for column, part, rest in zip(columns, row, filler):
            column.append(part + list(rest))
    return Batch(*(torch.tensor(column) for column in columns))


# The step from which sums get more room.
MORE_SUMS_FROM = 1600


def batches_of_step(tokenizer, seed, step):
    """The batches of one training step: short exchanges, and conversations with tools or of many turns.

    Depends on seed and step alone, so that a run can stop and go on.
    """
    rng = random.Random(f"{seed}:{step}")
    mixture = conversations.BROAD if step < MORE_SUMS_FROM else conversations.MORE_SUMS
    yield pack(tokenizer, rng, conversations.short_sample, mixture, 16, 128)
    if step % 8 == 7:
        yield pack(tokenizer, rng, conversations.long_sample, mixture, 1, 1024)
    else:
        yield pack(tokenizer, rng, conversations.tool_sample, mixture, 3, 448)


def trained_tokenizer(seed, size):
    """The vocabulary, trained on text like that of the training."""
    rng = random.Random(f"{seed}:vocabulary")
    samples = [conversations.short_sample(rng, conversations.BROAD) for _ in range(12000)]
    samples += [conversations.tool_sample(rng, conversations.BROAD) for _ in range(1000)]
    return bpe.train([text for sample in samples for text, _ in sample], size)
