"""The demo model: a Qwen3 decoder in PyTorch, small enough to be read in one go.

Weights live in a dictionary under their GGUF tensor names, each matrix as (out, in), so that what is
trained, what is quantised and what is written to the file are the same thing.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F


@dataclass(frozen=True)
class Shape:
    """Sizes of the network. Everything a quantised row runs along is a multiple of 256."""

    vocabulary: int
    layers: int = 5
    width: int = 256
    heads: int = 4
    kv_heads: int = 2
    head_width: int = 64
    feed_forward: int = 768
    context: int = 1024
    rope_base: float = 10000.0
    epsilon: float = 1e-6

    def tensors(self):
        """(name, torch shape) of every tensor, in the order in which the file has them.

        The head is tied to token_embd.weight.
        """
        query, key = self.heads * self.head_width, self.kv_heads * self.head_width
        yield "output_norm.weight", (self.width,)
        yield "token_embd.weight", (self.vocabulary, self.width)
        for layer in range(self.layers):
            prefix = f"blk.{layer}."
            yield prefix + "attn_k.weight", (key, self.width)
            yield prefix + "attn_k_norm.weight", (self.head_width,)
            yield prefix + "attn_norm.weight", (self.width,)
            yield prefix + "attn_output.weight", (self.width, query)
            yield prefix + "attn_q.weight", (query, self.width)
            yield prefix + "attn_q_norm.weight", (self.head_width,)
            yield prefix + "attn_v.weight", (key, self.width)
            yield prefix + "ffn_down.weight", (self.width, self.feed_forward)
            yield prefix + "ffn_gate.weight", (self.feed_forward, self.width)
            yield prefix + "ffn_norm.weight", (self.width,)
            yield prefix + "ffn_up.weight", (self.feed_forward, self.width)


def initial_weights(shape, generator):
    """Random weights: norms are one, projections into the residual stream start smaller."""
    weights = {}
    for name, size in shape.tensors():
        if len(size) == 1:
            weights[name] = torch.ones(size)
            continue
        deviation = 0.02 if name == "token_embd.weight" else size[1] ** -0.5
        if name.endswith(("attn_output.weight", "ffn_down.weight")):
            deviation /= (2 * shape.layers) ** 0.5
        weights[name] = torch.randn(size, generator=generator) * deviation
    return weights


def project(x, weight):
    """x times the transposed weight, multiplied in the weight's type and returned as float32.

    Training passes bfloat16 copies of the matrices, evaluation float32.
    """
    return F.linear(x.to(weight.dtype), weight).float()


def rms_norm(x, weight, epsilon):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + epsilon) * weight


def rope_tables(shape, positions):
    """cos and sin for `positions` (any shape): (..., 1, head_width / 2)."""
    half = shape.head_width // 2
    frequency = shape.rope_base ** (-torch.arange(half, device=positions.device) / half)
    angle = positions[..., None, None].float() * frequency
    return angle.cos(), angle.sin()


def rotate(x, tables):
    """NEOX pairing: element i turns with element i + head_width / 2. x is (batch, time, heads, head_width)."""
    cosine, sine = tables
    low, high = x.chunk(2, dim=-1)
    return torch.cat((low * cosine - high * sine, high * cosine + low * sine), dim=-1)


def attention(shape, weights, prefix, x, tables, mask, cache):
    """One attention block on the normalised x. `cache` is None or a list [keys, values] that grows."""
    batch, time, _ = x.shape

    def heads_of(name, count):
        return project(x, weights[prefix + name]).view(batch, time, count, shape.head_width)

    query = heads_of("attn_q.weight", shape.heads)
    key = heads_of("attn_k.weight", shape.kv_heads)
    value = heads_of("attn_v.weight", shape.kv_heads).transpose(1, 2)
    query = rotate(rms_norm(query, weights[prefix + "attn_q_norm.weight"], shape.epsilon), tables)
    key = rotate(rms_norm(key, weights[prefix + "attn_k_norm.weight"], shape.epsilon), tables)
    query, key = query.transpose(1, 2), key.transpose(1, 2)
    if cache is not None:
        if cache:
            key, value = torch.cat((cache[0], key), 2), torch.cat((cache[1], value), 2)
        cache[:] = [key, value]
    # Query heads that share a key head become more rows of the same product. Products are in the weights' type.
    kind = weights[prefix + "attn_q.weight"].dtype
    group = shape.heads // shape.kv_heads
    query = query.reshape(batch, shape.kv_heads, group * time, shape.head_width) * shape.head_width**-0.5
    scores = (query.to(kind) @ key.to(kind).transpose(2, 3)).float()
    scores = scores.view(batch, shape.kv_heads, group, time, -1) + mask[:, None, None]
    shares = scores.softmax(-1).view(batch, shape.kv_heads, group * time, -1)
    mixed = (shares.to(kind) @ value.to(kind)).float()
    mixed = mixed.view(batch, shape.heads, time, shape.head_width).transpose(1, 2)
    return project(mixed.reshape(batch, time, -1), weights[prefix + "attn_output.weight"])


def hidden_states(shape, weights, tokens, positions, mask, caches=None):
    """The normalised last hidden state of every token: (batch, time, width).

    tokens, positions: (batch, time). mask: (batch, time, cached + time), 0 where a token may look and -inf
    where it may not. caches: one list per layer, empty at first, or None.
    """
    x = F.embedding(tokens, weights["token_embd.weight"]).float()
    tables = rope_tables(shape, positions)
    for layer in range(shape.layers):
        prefix = f"blk.{layer}."
        h = rms_norm(x, weights[prefix + "attn_norm.weight"], shape.epsilon)
        cache = None if caches is None else caches[layer]
        x = x + attention(shape, weights, prefix, h, tables, mask, cache)
        h = rms_norm(x, weights[prefix + "ffn_norm.weight"], shape.epsilon)
        gate = F.silu(project(h, weights[prefix + "ffn_gate.weight"]))
        up = project(h, weights[prefix + "ffn_up.weight"])
        x = x + project(gate * up, weights[prefix + "ffn_down.weight"])
    return rms_norm(x, weights["output_norm.weight"], shape.epsilon)


def logits(weights, states):
    """Head tied to the embedding: (..., width) to (..., vocabulary)."""
    return project(states, weights["token_embd.weight"])
