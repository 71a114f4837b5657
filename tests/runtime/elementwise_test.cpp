// The norm and the addition on their own.
#include <bit>
#include <cmath>

#include "flat_device.hpp"
#include "reference.hpp"

namespace redbolt::runtime::test {
namespace {

TEST(ElementwiseTest, RmsNorm) {
  for (const std::uint32_t width : {1u, 31u, 256u, 1027u, 4096u}) {
    FlatDevice device;
    const std::uint32_t capacity = 4, tokens = 3;
    const auto x = random_floats(std::size_t{capacity} * width, 3.0f);
    const auto weight = random_floats(width);
    const BufferView output = device.allocate(std::uint64_t{capacity} * width * 4);
    CommandGraph graph("norm");
    rms_norm(graph, {.input = device.upload(x),
                     .output = output,
                     .norm = {device.upload(weight), 1e-6f},
                     .width = width,
                     .state = device.state(tokens),
                     .capacity = capacity});
    ASSERT_NO_FATAL_FAILURE(device.run(graph));
    const auto actual = device.download<float>(output);
    for (std::size_t t = 0; t < capacity; ++t) {
      const auto expected = rms_norm_of(std::span(x).subspan(t * width, width), weight, 1e-6);
      for (std::size_t i = 0; i < width; ++i) {
        const float value = actual[t * width + i];
        if (t >= tokens)
          ASSERT_EQ(std::bit_cast<std::uint32_t>(value), 0xffffffffu);
        else
          ASSERT_NEAR(value, expected[i], 1e-6 * std::fabs(expected[i]) + 1e-12)
              << "width " << width << ", REDBOLT_TEST_SEED=" << test_seed();
      }
    }
  }
}

TEST(ElementwiseTest, AdditionInPlace) {
  FlatDevice device;
  const std::uint32_t width = 777, capacity = 3, tokens = 2;
  const auto a = random_floats(std::size_t{capacity} * width);
  const auto b = random_floats(std::size_t{capacity} * width);
  const BufferView sum = device.upload(a);
  CommandGraph graph("add");
  add(graph, {.a = sum,
              .b = device.upload(b),
              .output = sum,
              .width = width,
              .state = device.state(tokens),
              .capacity = capacity});
  ASSERT_NO_FATAL_FAILURE(device.run(graph));
  const auto actual = device.download<float>(sum);
  for (std::size_t i = 0; i < actual.size(); ++i)
    ASSERT_EQ(actual[i], i < std::size_t{tokens} * width ? a[i] + b[i] : a[i]);
}

}  // namespace
}  // namespace redbolt::runtime::test
