"""The model as a GGUF file: metadata, vocabulary and tensors, out and in."""

import chat
import gguf
import recipe
import tokenizer as bpe
from model import Shape

CONTROL, NORMAL, USER_DEFINED = 3, 1, 4


def token_type(text):
    if text in bpe.CONTROL_TOKENS:
        return CONTROL
    return USER_DEFINED if text in bpe.USER_TOKENS else NORMAL


def metadata(shape, tokenizer, file_type):
    """The keys of the file, as gguf.write takes them."""
    own = "qwen3."
    end_of_text, end_of_turn = tokenizer.ids["<|endoftext|>"], tokenizer.ids["<|im_end|>"]
    return [
        ("general.architecture", gguf.STRING, "qwen3"),
        ("general.type", gguf.STRING, "model"),
        ("general.name", gguf.STRING, "Redbolt Demo"),
        ("general.description", gguf.STRING, "A very small model that shows how Redbolt works"),
        ("general.license", gguf.STRING, "mit"),
        ("general.languages", gguf.ARRAY, (gguf.STRING, ["en", "it"])),
        ("general.file_type", gguf.UINT32, recipe.FILE_TYPES[file_type]),
        ("general.quantization_version", gguf.UINT32, 2),
        (own + "block_count", gguf.UINT32, shape.layers),
        (own + "context_length", gguf.UINT32, shape.context),
        (own + "embedding_length", gguf.UINT32, shape.width),
        (own + "feed_forward_length", gguf.UINT32, shape.feed_forward),
        (own + "attention.head_count", gguf.UINT32, shape.heads),
        (own + "attention.head_count_kv", gguf.UINT32, shape.kv_heads),
        (own + "attention.key_length", gguf.UINT32, shape.head_width),
        (own + "attention.value_length", gguf.UINT32, shape.head_width),
        (own + "attention.layer_norm_rms_epsilon", gguf.FLOAT32, shape.epsilon),
        (own + "rope.freq_base", gguf.FLOAT32, shape.rope_base),
        ("tokenizer.ggml.model", gguf.STRING, "gpt2"),
        ("tokenizer.ggml.pre", gguf.STRING, "qwen2"),
        ("tokenizer.ggml.tokens", gguf.ARRAY, (gguf.STRING, tokenizer.tokens)),
        ("tokenizer.ggml.token_type", gguf.ARRAY, (gguf.INT32, [token_type(t) for t in tokenizer.tokens])),
        ("tokenizer.ggml.merges", gguf.ARRAY, (gguf.STRING, [f"{a} {b}" for a, b in tokenizer.merges])),
        ("tokenizer.ggml.bos_token_id", gguf.UINT32, end_of_text),
        ("tokenizer.ggml.eos_token_id", gguf.UINT32, end_of_turn),
        ("tokenizer.ggml.padding_token_id", gguf.UINT32, end_of_text),
        ("tokenizer.ggml.add_bos_token", gguf.BOOL, False),
        ("tokenizer.chat_template", gguf.STRING, chat.TEMPLATE),
    ]


def save(path, shape, tokenizer, weights, file_type):
    """Writes float32 numpy arrays by tensor name as a file of type "F16" or "Q4_K_M"."""
    tensors = []
    for name, size in shape.tensors():
        kind = recipe.tensor_type(name, len(size), file_type, shape.layers)
        tensors.append((name, size[::-1], kind, recipe.encode(weights[name], kind)))
    gguf.write(path, metadata(shape, tokenizer, file_type), tensors)


def load(path):
    """(Shape, Tokenizer, {name: float32 numpy array}) of a file that save wrote."""
    keys, tensors = gguf.read(path)
    own = "qwen3."
    tokens, types = keys["tokenizer.ggml.tokens"], keys["tokenizer.ggml.token_type"]
    shape = Shape(
        vocabulary=len(tokens), layers=keys[own + "block_count"], width=keys[own + "embedding_length"],
        heads=keys[own + "attention.head_count"], kv_heads=keys[own + "attention.head_count_kv"],
        head_width=keys[own + "attention.key_length"], feed_forward=keys[own + "feed_forward_length"],
        context=keys[own + "context_length"], rope_base=keys[own + "rope.freq_base"],
        epsilon=keys[own + "attention.layer_norm_rms_epsilon"],
    )
    merges = [tuple(text.split(" ")) for text in keys["tokenizer.ggml.merges"]]
    specials = [text for text, kind in zip(tokens, types) if kind != NORMAL]
    weights = {name: recipe.decode(data, kind, extents) for name, (extents, kind, data) in tensors.items()}
    return shape, bpe.Tokenizer(tokens, merges, specials), weights
