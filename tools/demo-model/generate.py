"""Greedy generation with the torch model, many prompts at once."""

import torch

import model


def _mask(left_padding, first, time, total):
    """(rows, time, total): queries at first... may look at cached and earlier tokens, never at padding."""
    key = torch.arange(total)
    allowed = (key[None, None, :] <= torch.arange(first, first + time)[None, :, None])
    allowed = allowed & (key[None, None, :] >= left_padding[:, None, None])
    # A padded query sees itself, as a row without any key has no softmax.
    allowed = allowed | (key[None, None, :] == torch.arange(first, first + time)[None, :, None])
    return torch.zeros(allowed.shape).masked_fill_(~allowed, float("-inf"))


@torch.no_grad()
def complete(shape, weights, tokenizer, prompts, limit):
    """The texts that follow the prompts at temperature 0, until the end of the turn or `limit` tokens."""
    stops = {tokenizer.ids["<|im_end|>"], tokenizer.ids["<|endoftext|>"]}
    encoded = [tokenizer.encode(prompt) for prompt in prompts]
    longest = max(map(len, encoded))
    left_padding = torch.tensor([longest - len(ids) for ids in encoded])
    tokens = torch.tensor([[0] * (longest - len(ids)) + ids for ids in encoded])
    caches = [[] for _ in range(shape.layers)]
    produced, running = [[] for _ in prompts], [True] * len(prompts)
    first = 0
    for _ in range(limit):
        time = tokens.shape[1]
        positions = (torch.arange(first, first + time)[None] - left_padding[:, None]).clamp(min=0)
        mask = _mask(left_padding, first, time, first + time)
        states = model.hidden_states(shape, weights, tokens, positions, mask, caches)
        chosen = model.logits(weights, states[:, -1]).argmax(-1)
        for row, token in enumerate(chosen.tolist()):
            running[row] = running[row] and token not in stops
            if running[row]:
                produced[row].append(token)
        if not any(running):
            break
        first, tokens = first + time, chosen[:, None]
    return [tokenizer.decode(ids) for ids in produced]


def complete_all(shape, weights, tokenizer, prompts, limit=96, at_once=64):
    """complete() for any number of prompts, those of like length together."""
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    answers = [None] * len(prompts)
    for start in range(0, len(order), at_once):
        chosen = order[start : start + at_once]
        texts = complete(shape, weights, tokenizer, [prompts[index] for index in chosen], limit)
        for index, text in zip(chosen, texts):
            answers[index] = text
    return answers
