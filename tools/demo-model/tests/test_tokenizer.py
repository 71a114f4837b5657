"""The tokenizer against the Qwen3 vocabulary's published tokenizations, and the training of a vocabulary."""

import unittest

from context import DATA

import gguf
import tokenizer


def reference():
    """(Tokenizer, [(text, ids)]) of the Qwen3 vocabulary."""
    folder = DATA / "tokenizers"
    keys, _ = gguf.read(folder / "qwen3-vocab.gguf")
    tokens, types = keys["tokenizer.ggml.tokens"], keys["tokenizer.ggml.token_type"]
    merges = [text.split(" ") for text in keys["tokenizer.ggml.merges"]]
    # The expected ids were made without parsing special tokens: only a text that occurs nowhere is one.
    known = tokenizer.Tokenizer(tokens, merges, ["\0"])
    with open(folder / "qwen3-vocab.inp", encoding="utf-8", newline="") as file:
        texts = file.read().split("\n__ggml_vocab_test__\n")
    with open(folder / "qwen3-vocab.out", encoding="utf-8") as file:
        ids = [[int(word) for word in line.split()] for line in file]
    return known, list(zip(texts, ids)), types


class Qwen3Vocabulary(unittest.TestCase):
    def test_every_text_gets_the_published_ids(self):
        known, pairs, _ = reference()
        self.assertGreater(len(pairs), 40)
        for text, ids in pairs:
            self.assertEqual(known.encode(text), ids, text)

    def test_decoding_returns_the_text(self):
        known, pairs, _ = reference()
        for text, ids in pairs:
            self.assertEqual(known.decode(ids), text)


class Training(unittest.TestCase):
    def test_the_most_frequent_pair_comes_first(self):
        trained = tokenizer.train(["abab abab ab", "cab"], 256 + 2 + 7)
        self.assertEqual(trained.merges[0], ("a", "b"))
        self.assertEqual(len(trained.tokens), 265)

    def test_special_tokens_are_one_id_and_split_the_text(self):
        trained = tokenizer.train(["user user user"], 256 + 3 + 7)
        ids = trained.encode("<|im_start|>user<|im_end|>")
        self.assertEqual(ids[0], trained.ids["<|im_start|>"])
        self.assertEqual(ids[-1], trained.ids["<|im_end|>"])
        self.assertEqual(trained.decode(ids), "<|im_start|>user<|im_end|>")

    def test_any_text_survives_a_round_trip(self):
        trained = tokenizer.train(["some words"], 256 + 5 + 7)
        for text in ("perché no?", "😊", "a\tb\r\n  c", "１２ 34"):
            self.assertEqual(trained.decode(trained.encode(text)), text)


if __name__ == "__main__":
    unittest.main()
