"""Byte-level BPE with the `qwen2` pre-tokenizer: encoding, decoding and training of the vocabulary."""

import functools
import re
import sys
import unicodedata
from collections import Counter

CONTROL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
USER_TOKENS = ("<think>", "</think>", "<tool_call>", "</tool_call>")


@functools.lru_cache(maxsize=None)
def byte_alphabet():
    """GPT-2's printable character for each byte value."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    alphabet = {byte: chr(byte) for byte in printable}
    for byte in range(256):
        if byte not in alphabet:
            alphabet[byte] = chr(256 + len(alphabet) - len(printable))
    return alphabet


def character_class(category):
    """The characters of a Unicode general category (L or N) as the inside of a regular expression's [...]."""
    ranges = []
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code))[0] == category:
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


@functools.lru_cache(maxsize=None)
def qwen2_pattern():
    """The pre-tokenizer `qwen2`, written for `re`, which knows no \\p{L}."""
    letter, number = character_class("L"), character_class("N")
    return re.compile(
        r"'(?i:s|t|re|ve|m|ll|d)"
        rf"|[^\r\n{letter}{number}]?[{letter}]+"
        rf"|[{number}]"
        rf"| ?[^\s{letter}{number}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    )


def pieces(text):
    """The pre-tokens of text, each as a string over the byte alphabet."""
    alphabet = byte_alphabet()
    for piece in qwen2_pattern().findall(text):
        yield "".join(alphabet[byte] for byte in piece.encode())


def merge_pair(symbols, left, right):
    merged, index = [], 0
    while index < len(symbols):
        if symbols[index] == left and symbols[index + 1 : index + 2] == [right]:
            merged.append(left + right)
            index += 2
        else:
            merged.append(symbols[index])
            index += 1
    return merged


class Tokenizer:
    """tokens: texts in the byte alphabet, by id. merges: pairs, best first. specials: texts cut out first."""

    def __init__(self, tokens, merges, specials):
        self.tokens = list(tokens)
        self.merges = [tuple(pair) for pair in merges]
        self.specials = [text for text in specials]
        self.ids = {text: index for index, text in enumerate(self.tokens)}
        self._ranks = {pair: rank for rank, pair in enumerate(self.merges)}
        longest_first = sorted(self.specials, key=len, reverse=True)
        self._special = re.compile("(" + "|".join(re.escape(text) for text in longest_first) + ")")
        self._pieces = {}
        self._bytes = {character: byte for byte, character in byte_alphabet().items()}

    def _encode_piece(self, piece):
        if piece not in self._pieces:
            symbols = list(piece)
            while len(symbols) > 1:
                ranks = [self._ranks.get(pair, len(self._ranks)) for pair in zip(symbols, symbols[1:])]
                best = min(ranks)
                if best == len(self._ranks):
                    break
                symbols = merge_pair(symbols, *self.merges[best])
            self._pieces[piece] = [self.ids[symbol] for symbol in symbols]
        return self._pieces[piece]

    def encode(self, text):
        """Ids of text; the specials are recognised wherever they stand."""
        ids = []
        for index, part in enumerate(self._special.split(text)):
            if index % 2:
                ids.append(self.ids[part])
            else:
                for piece in pieces(part):
                    ids += self._encode_piece(piece)
        return ids

    def decode(self, ids):
        """Text of ids, specials included."""
        data = bytearray()
        for index in ids:
            token = self.tokens[index]
            data += token.encode() if token in self.specials else bytes(self._bytes[c] for c in token)
        return data.decode(errors="replace")


def train(texts, size):
    """A Tokenizer of `size` tokens for texts: 256 bytes, then merges, then the special tokens.

    Each step merges the most frequent pair; among equals the first in the order of their characters.
    """
    specials = CONTROL_TOKENS + USER_TOKENS
    cut = re.compile("|".join(re.escape(text) for text in specials))
    counts = Counter(piece for text in texts for part in cut.split(text) for piece in pieces(part))
    words = [(list(piece), count) for piece, count in sorted(counts.items())]
    merges = []
    while 256 + len(merges) + len(specials) < size:
        pairs = Counter()
        for symbols, count in words:
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += count
        if not pairs:
            raise ValueError(f"the texts give only {len(merges)} merges")
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        words = [(merge_pair(s, *best) if best[0] in s else s, count) for s, count in words]
    alphabet = byte_alphabet()
    # GPT-2's order: the printable bytes first, in the order of their characters.
    first = sorted(alphabet.values())
    return Tokenizer(first + [left + right for left, right in merges] + list(specials), merges, specials)
