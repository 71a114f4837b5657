"""Which type each tensor gets, and its bytes in that type."""

import numpy as np

import gguf
import quantise

FILE_TYPES = {"F16": 1, "Q4_K_M": 15}


def takes_more_bits(layer, layers):
    """Layers whose attn_v and ffn_down get Q6_K in a Q4_K_M file: both ends and every third between."""
    eighth = layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2


def tensor_type(name, dimensions, file_type, layers):
    """The ggml type of a tensor. The head is tied, so token_embd has the head's type."""
    if dimensions == 1:
        return gguf.F32
    if file_type == "F16":
        return gguf.F16
    if name == "token_embd.weight":
        return gguf.Q6_K
    if name.endswith(("attn_v.weight", "ffn_down.weight")) and takes_more_bits(int(name.split(".")[1]), layers):
        return gguf.Q6_K
    return gguf.Q4_K


def encode(values, kind):
    """Bytes of a float32 array."""
    if kind == gguf.Q4_K:
        return quantise.encode_q4_k(values)
    if kind == gguf.Q6_K:
        return quantise.encode_q6_k(values)
    return values.astype({gguf.F32: "<f4", gguf.F16: "<f2"}[kind]).tobytes()


def decode(data, kind, extents):
    """float32 array of a tensor's bytes, in torch's order of dimensions."""
    if kind == gguf.Q4_K:
        values = quantise.decode_q4_k(data)
    elif kind == gguf.Q6_K:
        values = quantise.decode_q6_k(data)
    else:
        values = np.frombuffer(data, {gguf.F32: "<f4", gguf.F16: "<f2"}[kind]).astype(np.float32)
    return values.reshape(extents[::-1])
