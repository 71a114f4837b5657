"""The block formats against the reference blocks, and the quality of the encoders."""

import unittest

from context import DATA

try:
    import numpy as np

    import quantise
except ImportError:
    np = None


@unittest.skipUnless(np, "python3-numpy is not installed")
class Decoding(unittest.TestCase):
    def check(self, name, decode):
        blocks = (DATA / f"quantization/{name}.blocks").read_bytes()
        expected = np.fromfile(DATA / f"quantization/{name}.f32", "<u4")
        self.assertTrue(np.array_equal(decode(blocks).view("<u4"), expected))

    def test_q4_k_equals_the_reference_to_the_last_bit(self):
        self.check("Q4_K", quantise.decode_q4_k)

    def test_q6_k_equals_the_reference_to_the_last_bit(self):
        self.check("Q6_K", quantise.decode_q6_k)


@unittest.skipUnless(np, "python3-numpy is not installed")
class Encoding(unittest.TestCase):
    def relative_error(self, encode, decode, values):
        back = decode(encode(values)).reshape(values.shape)
        return float(np.sqrt(((back - values) ** 2).mean() / (values**2).mean()))

    def test_normal_weights_lose_what_the_bits_allow(self):
        # A 4-bit uniform grid over 32 normal values (spread about 4.1 deviations) errs by 4.1 / 15 / sqrt(12) =
        # 7.9 % where nothing is searched; a 6-bit one over 16 (largest about 1.77) by 1.77 / 32 / sqrt(12) = 1.6 %,
        # to which the 8-bit scales add.
        values = np.random.default_rng(7).standard_normal((64, 512)).astype(np.float32)
        self.assertLess(self.relative_error(quantise.encode_q4_k, quantise.decode_q4_k, values), 0.075)
        self.assertLess(self.relative_error(quantise.encode_q6_k, quantise.decode_q6_k, values), 0.019)

    def test_extreme_rows(self):
        rows = np.zeros((4, 256), np.float32)
        rows[1] = 3.0
        rows[2] = -0.25
        rows[3, 17] = 1e-3
        for encode, decode in ((quantise.encode_q4_k, quantise.decode_q4_k),
                               (quantise.encode_q6_k, quantise.decode_q6_k)):
            back = decode(encode(rows)).reshape(rows.shape)
            self.assertTrue(np.isfinite(back).all())
            self.assertLess(np.abs(back - rows).max(), 0.02 * 3.0)
            self.assertTrue((back[0] == 0).all())


if __name__ == "__main__":
    unittest.main()
