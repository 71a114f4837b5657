"""The two files that are shipped: their form, and that they carry the same model."""

import re
import unittest

from context import TOOLS

import gguf

# Written out from the recipe of Q4_K_M for five layers, not taken from recipe.py.
Q6_K_TENSORS = {"token_embd.weight"} | {
    f"blk.{layer}.{name}.weight" for layer in (2, 4) for name in ("attn_v", "ffn_down")
}


def shipped(kind):
    return TOOLS / f"redbolt-demo-{kind}.gguf"


class Files(unittest.TestCase):
    def test_together_under_16_megabytes(self):
        self.assertLess(sum(shipped(kind).stat().st_size for kind in ("F16", "Q4_K_M")), 16_000_000)

    def test_types_follow_the_recipe(self):
        _, tensors = gguf.read(shipped("Q4_K_M"))
        for name, (extents, kind, data) in tensors.items():
            expected = 0 if len(extents) == 1 else 14 if name in Q6_K_TENSORS else 12
            self.assertEqual(kind, expected, name)
            self.assertEqual(len(data), gguf.tensor_bytes(extents, kind), name)
            if len(extents) == 2:
                self.assertEqual(extents[0] % 256, 0, name)

    def test_the_twin_has_the_same_names_shapes_and_words(self):
        small, small_tensors = gguf.read(shipped("Q4_K_M"))
        large, large_tensors = gguf.read(shipped("F16"))
        self.assertEqual({n: t[0] for n, t in small_tensors.items()}, {n: t[0] for n, t in large_tensors.items()})
        self.assertEqual((small.pop("general.file_type"), large.pop("general.file_type")), (15, 1))
        self.assertEqual(small, large)

    def test_special_tokens(self):
        keys, _ = gguf.read(shipped("Q4_K_M"))
        tokens, types = keys["tokenizer.ggml.tokens"], keys["tokenizer.ggml.token_type"]
        self.assertEqual(tokens[keys["tokenizer.ggml.eos_token_id"]], "<|im_end|>")
        self.assertEqual(tokens[keys["tokenizer.ggml.padding_token_id"]], "<|endoftext|>")
        kinds = {text: kind for text, kind in zip(tokens, types) if kind != 1}
        self.assertEqual(kinds, {"<|endoftext|>": 3, "<|im_start|>": 3, "<|im_end|>": 3, "<think>": 4, "</think>": 4,
                                 "<tool_call>": 4, "</tool_call>": 4})
        self.assertEqual(len(set(tokens)), len(tokens))

    def test_card_gives_the_size_of_the_vocabulary(self):
        keys, tensors = gguf.read(shipped("F16"))
        self.assertEqual(tensors["token_embd.weight"][0][1], len(keys["tokenizer.ggml.tokens"]))
        card = (TOOLS / "README.md").read_text(encoding="utf-8")
        self.assertTrue(re.search(rf"\b{len(keys['tokenizer.ggml.tokens'])} tokens", card))


if __name__ == "__main__":
    unittest.main()
