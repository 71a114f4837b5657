// Compiled kernels from end to end: arithmetic, against the host's.
#include <bit>
#include <cfenv>
#include <cmath>

#include "kernel_test.hpp"

namespace redbolt::test {
namespace {

using u32 = std::uint32_t;
using u64 = std::uint64_t;
using half = _Float16;

constexpr std::size_t count = 2048;
const Launch all{.grid = {count / 64, 1, 1}, .block = {64, 1, 1}};

class Numbers : public KernelTest {
 protected:
  Numbers() : KernelTest("numbers.co") {}

  std::vector<half> halves() { return random_floats<half, std::uint16_t>(count, 10); }
  std::vector<float> floats() { return random_floats<float, u32>(count, 23); }
  std::vector<double> doubles() { return random_floats<double, u64>(count, 52); }

  // Runs kernel(out, inputs...) and compares each result with expected(i).
  template <class Out, class Expected, class... In>
  void compare(const char* kernel, Expected expected, const std::vector<In>&... inputs) {
    const auto out = memory.allocate(count * sizeof(Out));
    KernelArguments arguments;
    arguments.add(out);
    (arguments.add(memory.upload(inputs)), ...);
    run(kernel, all, arguments);
    const auto results = memory.download<Out>(out, count);
    for (std::size_t i = 0; i < count; ++i) {
      const Out wanted = expected(i);
      ASSERT_TRUE(same_number(results[i], wanted))
          << kernel << " " << i << ": " << static_cast<double>(results[i]) << ", not "
          << static_cast<double>(wanted);
    }
  }
};

// Exact: every float16 operation is exact in double before it is rounded.
half fma_half(half a, half b, half c) {
  // The sum in double may round; the sum to odd in long double may not (64 bits of significand).
  const long double exact =
      static_cast<long double>(a) * static_cast<long double>(b) + static_cast<long double>(c);
  return static_cast<half>(exact);
}

TEST_F(Numbers, Half) {
  const auto a = halves(), b = halves();
  auto c = halves();
  std::rotate(c.begin(), c.begin() + 5, c.end());
  compare<half>(
      "half_math",
      [&](std::size_t i) {
        half r = a[i] * b[i];
        r = r + c[i];
        r = fma_half(r, a[i], b[i]);
        return static_cast<half>(r - static_cast<half>(a[i] / b[i]));
      },
      a, b, c);
}

TEST_F(Numbers, PackedHalf) {
  const auto a = random_floats<half, std::uint16_t>(2 * count, 10);
  const auto b = random_floats<half, std::uint16_t>(2 * count, 10);
  const auto c = random_floats<half, std::uint16_t>(2 * count, 10);
  const auto out = memory.allocate(count * 4);
  run("half2_math", all,
      KernelArguments().add(out).add(memory.upload(a)).add(memory.upload(b)).add(memory.upload(c)));
  const auto results = memory.download<half>(out, 2 * count);
  for (std::size_t i = 0; i < 2 * count; ++i) {
    const half sum = fma_half(a[i], b[i], c[i]);
    // Of two zeros the positive one is the larger.
    const bool first = sum > a[i] || (sum == a[i] && !std::signbit(static_cast<float>(sum)));
    const half larger = sum != sum ? a[i] : a[i] != a[i] ? sum : first ? sum : a[i];
    const half wanted = larger + b[i];
    ASSERT_TRUE(same_number(results[i], wanted)) << i;
  }
}

TEST_F(Numbers, MixedPrecision) {
  const auto a = halves(), b = halves();
  auto c = floats();
  std::rotate(c.begin(), c.begin() + 3, c.end());
  const auto sum = [&](std::size_t i) {
    return std::fma(static_cast<float>(a[i]), static_cast<float>(b[i]), c[i]);
  };
  compare<float>("mixed_math", sum, a, b, c);
  compare<half>("mixed_to_half", [&](std::size_t i) { return static_cast<half>(sum(i)); }, a, b, c);
}

TEST_F(Numbers, Double) {
  const auto a = doubles();
  auto b = doubles();
  std::rotate(b.begin(), b.begin() + 7, b.end());
  compare<double>(
      "double_math",
      [&](std::size_t i) {
        const double quotient = a[i] / b[i];
        return std::fma(quotient, a[i], b[i]) - std::floor(quotient);
      },
      a, b);
  compare<double>("double_root", [&](std::size_t i) { return std::sqrt(a[i]); }, a);
}

TEST_F(Numbers, SquareRoot) {
  const auto a = floats();
  compare<float>("float_root", [&](std::size_t i) { return std::sqrt(a[i]); }, a);
}

TEST_F(Numbers, Integers64) {
  std::vector<u64> a(count), b(count);
  for (std::size_t i = 0; i < count; ++i) {
    a[i] = static_cast<u64>(random_bits()) << 32 | random_bits();
    b[i] = (static_cast<u64>(random_bits()) << 32 | random_bits()) >> (i % 64);
  }
  compare<u64>(
      "integers64",
      [&](std::size_t i) {
        const u64 quotient = b[i] == 0 ? 0 : a[i] / b[i];
        return ((a[i] * b[i]) ^ quotient) + (a[i] >> (b[i] & 63)) +
               static_cast<u64>(static_cast<std::int64_t>(a[i]) >> 7);
      },
      a, b);
}

u32 permuted(u32 high, u32 low, u32 selectors) {
  u32 result = 0;
  for (unsigned n = 0; n < 4; ++n) {
    const u32 s = selectors >> (8 * n) & 7;
    const u32 byte = s < 4 ? low >> (8 * s) : high >> (8 * (s - 4));
    result |= (byte & 0xff) << (8 * n);
  }
  return result;
}

TEST_F(Numbers, Integers32) {
  std::vector<u32> a(count), b(count);
  for (std::size_t i = 0; i < count; ++i) {
    a[i] = random_bits() >> (i % 32);
    b[i] = random_bits() >> (i / 32 % 32);
  }
  a[0] = b[1] = 0;
  a[2] = 0x80000000;
  b[2] = 0xffffffff;
  compare<u32>(
      "integers32",
      [&](std::size_t i) {
        const u32 x = a[i], y = b[i];
        u32 reversed = 0;
        for (unsigned n = 0; n < 32; ++n) reversed |= (x >> n & 1) << (31 - n);
        u32 r = static_cast<u32>(std::popcount(x) + std::countl_zero(y) + std::countr_zero(x));
        r = r * 31 + reversed;
        r = r * 31 + (y == 0 ? x : x % y);
        r = r * 31 + static_cast<u32>(static_cast<std::int64_t>(static_cast<std::int32_t>(x)) /
                                      static_cast<std::int32_t>(y | 1));
        r = r * 31 + static_cast<u32>((static_cast<u64>(x) * y) >> 32);
        r = r * 31 + (x << (y & 31) | x >> (32 - (y & 31)) % 32);
        return r * 31 + permuted(x, y, (x ^ y) & 0x07070707);
      },
      a, b);
}

TEST_F(Numbers, SmallIntegers) {
  std::vector<std::int8_t> a(count);
  std::vector<std::int16_t> b(count);
  for (std::size_t i = 0; i < count; ++i) {
    a[i] = static_cast<std::int8_t>(random_bits());
    b[i] = static_cast<std::int16_t>(random_bits());
  }
  compare<std::int32_t>(
      "small_integers",
      [&](std::size_t i) {
        const auto product = static_cast<std::int16_t>(a[i] * b[i]);
        const auto byte = static_cast<std::uint8_t>(a[i]);
        const auto shifted =
            static_cast<std::uint16_t>(static_cast<std::uint16_t>(b[i]) >> (byte & 15));
        return product + shifted * 3 + (a[i] < b[i] ? 1000000 : -1000000) + byte;
      },
      a, b);
}

TEST_F(Numbers, Conversions) {
  std::vector<float> in(count);
  std::vector<u32> bits(count);
  for (std::size_t i = 0; i < count; ++i) {
    in[i] =
        (static_cast<float>(random_bits()) - 2147483648.0f) / static_cast<float>(1u << (i % 31));
    bits[i] = random_bits();
  }
  compare<float>(
      "conversions",
      [&](std::size_t i) {
        const float x = in[i];
        const double bounded =
            std::min(std::max(static_cast<double>(x), -2147483648.0), 2147483647.0);
        float r = static_cast<float>(static_cast<std::int32_t>(bounded));
        r += static_cast<float>(bits[i]) + static_cast<float>(static_cast<std::int32_t>(bits[i]));
        r += static_cast<float>(static_cast<double>(x) * 3.0);
        r += static_cast<float>(static_cast<half>(x));
        return r + (std::floor(x) + std::ceil(x) * 2 + std::trunc(x) * 3 + std::nearbyint(x) * 5);
      },
      in, bits);
}

// The card's own functions are good to about a unit in the last place.
TEST_F(Numbers, NativeFunctions) {
  std::vector<float> in(count);
  for (std::size_t i = 0; i < count; ++i) {
    in[i] = std::ldexp(static_cast<float>(random_bits()) * 0x1p-32f + 0.5f,
                       static_cast<int>(i % 12) - 5);
    if (i % 3 == 0) in[i] = -in[i];
  }
  const auto out = memory.allocate(count * 32);
  run("native_functions", all, KernelArguments().add(out).add(memory.upload(in)));
  const auto results = memory.download<float>(out, count * 8);
  constexpr double turn = 6.283185307179586476925;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = static_cast<double>(in[i]);
    const double expected[8] = {std::exp2(x),       std::log2(x),     1 / x,
                                1 / std::sqrt(x),   std::sqrt(x),     std::sin(x * turn),
                                std::cos(x * turn), x - std::floor(x)};
    for (std::size_t f = 0; f < 8; ++f) {
      const double got = static_cast<double>(results[8 * i + f]);
      if (std::isnan(expected[f])) {
        ASSERT_TRUE(std::isnan(got)) << "function " << f << " of " << x;
      } else {
        // Sine and cosine: absolute, as their zeros are not exact in the reference.
        const double allowed = (f == 5 || f == 6) ? 1e-7 : std::fabs(expected[f]) * 0x1p-23 + 1e-9;
        ASSERT_NEAR(got, expected[f], allowed) << "function " << f << " of " << x;
      }
    }
  }
}

TEST_F(Numbers, LaneMoves) {
  std::vector<u32> in(32);
  for (u32 i = 0; i < 32; ++i) in[i] = 1000 + i * i;
  constexpr u32 rows = 19;
  const auto out = memory.allocate(rows * 128);
  run("lane_moves", {}, KernelArguments().add(out).add(memory.upload(in)));
  const auto got = memory.download<u32>(out, rows * 32);
  constexpr u32 kept = ~0u;
  using Source = u32 (*)(u32 lane, const std::vector<u32>& in);
  const Source expected[rows] = {
      [](u32 l, const auto& v) { return v[l ^ 3]; },
      [](u32 l, const auto& v) { return l % 16 + 3 < 16 ? v[l + 3] : kept; },
      [](u32 l, const auto& v) { return l % 16 >= 5 ? v[l - 5] : 0; },
      [](u32 l, const auto& v) { return v[l / 16 * 16 + (l % 16 + 16 - 7) % 16]; },
      [](u32 l, const auto& v) { return v[l / 16 * 16 + 15 - l % 16]; },
      [](u32 l, const auto& v) { return v[l / 8 * 8 + 7 - l % 8]; },
      [](u32 l, const auto& v) { return v[l / 16 * 16 + 4]; },
      [](u32 l, const auto& v) { return v[l ^ 10]; },
      [](u32 l, const auto& v) { return l < 16 && l / 4 % 2 == 0 ? v[l ^ 3] : kept; },
      [](u32 l, const auto& v) { return v[l / 8 * 8 + 7 - l % 8]; },
      [](u32 l, const auto& v) { return v[l / 16 * 16 + (l % 16 < 8 ? (l % 16) ^ 3 : l % 16)]; },
      [](u32 l, const auto& v) { return v[l ^ 16]; },
      [](u32 l, const auto& v) { return v[l * 7 % 32]; },
      [](u32 l, const auto& v) { return v[l * 23 % 32]; },  // 7 * 23 = 1 modulo 32
      [](u32 l, const auto& v) { return v[l ^ 1]; },
      [](u32, const auto& v) { return v[13]; },
      [](u32, const auto& v) { return v[0]; },
      [](u32 l, const auto&) {
        return 5u + static_cast<u32>(std::popcount(0xf0f0f0f0u & ((1u << l) - 1)));
      },
      [](u32, const auto& v) {
        u32 mask = 0;
        for (u32 l = 0; l < 32; ++l) mask |= (v[l] % 3 == 0 ? 1u : 0u) << l;
        return mask;
      }};
  for (u32 r = 0; r < rows; ++r) {
    for (u32 l = 0; l < 32; ++l)
      ASSERT_EQ(got[32 * r + l], expected[r](l, in)) << "move " << r << " lane " << l;
  }
}

}  // namespace
}  // namespace redbolt::test
