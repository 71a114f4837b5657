// The Device against a redboltd of the test's own, with the emulated card behind it.
#include "redbolt/runtime/device.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <thread>

#include "daemon_process.hpp"
#include "redbolt/runtime/operations.hpp"
#include "redbolt/runtime/token_ring.hpp"
#include "reference.hpp"
#include "temporary_folder.hpp"

namespace redbolt::runtime::test {
namespace {

// One daemon for all tests of this file: a cold boot takes a moment.
class DeviceTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    daemon = std::make_unique<redbolt::test::DaemonProcess>("emulated:vram=1G");
    cache = std::make_unique<redbolt::test::TemporaryFolder>();
  }
  static void TearDownTestSuite() {
    cache.reset();
    daemon.reset();
  }

  static DeviceOptions options() {
    DeviceOptions result;
    result.socket = daemon->socket();
    result.command = "device_test";
    result.lease_timeout = std::chrono::seconds(10);
    result.cache_folder = cache->path();
    return result;
  }

  template <class T>
  static Buffer uploaded(Device& device, const std::vector<T>& values, const char* name) {
    Buffer buffer = device.allocate(Bytes(values.size() * sizeof(T)), name);
    device.upload(buffer.view(), std::as_bytes(std::span(values)));
    return buffer;
  }
  template <class T>
  static std::vector<T> downloaded(Device& device, const BufferView& view) {
    std::vector<T> values(view.size.count() / sizeof(T));
    device.download(std::as_writable_bytes(std::span(values)), view);
    return values;
  }

  static std::unique_ptr<redbolt::test::DaemonProcess> daemon;
  static std::unique_ptr<redbolt::test::TemporaryFolder> cache;
};
std::unique_ptr<redbolt::test::DaemonProcess> DeviceTest::daemon;
std::unique_ptr<redbolt::test::TemporaryFolder> DeviceTest::cache;

TEST_F(DeviceTest, TransfersOfAnySize) {
  Device device(options());
  EXPECT_EQ(device.info().gfx_target, "gfx1100");
  for (const std::size_t size : {1u, 3u, 4096u, 4194304u, 4194305u, 13000001u}) {
    std::vector<std::uint8_t> values(size);
    for (std::size_t i = 0; i < size; ++i) values[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
    const Buffer buffer = device.allocate(Bytes(size), "bytes");
    std::uint64_t last = 0;
    unsigned calls = 0;
    device.upload(buffer.view(), std::as_bytes(std::span(values)), [&](Bytes done) {
      EXPECT_GT(done.count(), last);
      last = done.count();
      ++calls;
    });
    EXPECT_EQ(last, size);
    EXPECT_EQ(calls, (size + 4194303) / 4194304);
    EXPECT_EQ(downloaded<std::uint8_t>(device, buffer.view()), values);
  }
}

TEST_F(DeviceTest, TransfersBeyondABufferAreRefused) {
  Device device(options());
  const Buffer buffer = device.allocate(Bytes(100), "small");
  std::vector<std::byte> bytes(101);
  EXPECT_THROW(device.upload(buffer.view(), bytes), RuntimeError);
  EXPECT_THROW(device.download(bytes, buffer.view()), RuntimeError);
}

TEST_F(DeviceTest, AMatrixOnTheCard) {
  Device device(options());
  const std::uint32_t rows = 77, columns = 512;
  const auto bytes = random_weights(WeightType::q4_k, rows, columns);
  const auto weights = decode_weights(WeightType::q4_k, bytes, rows * columns);
  const auto x = random_floats(columns);
  StepState step{};
  step.tokens = 1;
  const Buffer w = uploaded(device, bytes, "weights"), input = uploaded(device, x, "x");
  const Buffer state = uploaded(device, std::vector<StepState>{step}, "state");
  const Buffer output = device.allocate(Bytes(rows * 4), "y");
  CommandGraph graph("matrix");
  linear(
      graph,
      {.parts = {{.weight = {w.view(), WeightType::q4_k, rows, columns}, .output = output.view()}},
       .input = input.view(),
       .state = state.view()});
  const ExecutableGraph executable = device.record(graph);
  device.wait(device.submit(executable));
  const auto y = downloaded<float>(device, output.view());
  const std::vector<double> exact(x.begin(), x.end());
  for (std::size_t r = 0; r < rows; ++r) {
    const Dot expected = dot(std::span(weights).subspan(r * columns, columns), exact);
    ASSERT_NEAR(y[r], expected.value, 4e-6 * expected.magnitude)
        << "row " << r << ", REDBOLT_TEST_SEED=" << test_seed();
  }
}

// A loop of the decode kind: each replay feeds the token that the one before drew. The model is a
// permutation: the row of token t has its largest logit at (5 t + 3) mod n.
TEST_F(DeviceTest, ATokenLoopWithoutRoundTrips) {
  Device device(options());
  const std::uint32_t n = 256, ring_entries = 64, steps = 20;
  std::vector<float> table(n * n, 0.0f);
  for (std::uint32_t t = 0; t < n; ++t) table[t * n + (5 * t + 3) % n] = 1.0f;
  SamplingParameters greedy{};
  StepState step{};
  step.tokens = 1;
  step.capacity = 1000;
  step.remaining = steps;
  step.token = 7;
  const Buffer model = uploaded(device, table, "model");
  const Buffer parameters = uploaded(device, std::vector{greedy}, "parameters");
  const Buffer state = uploaded(device, std::vector{step}, "state");
  const Buffer logits = device.allocate(Bytes(n * 4), "logits");
  const Buffer scratch = device.allocate(Bytes(sample_scratch_bytes(n)), "scratch");
  const SharedBuffer ring_memory = device.allocate_shared(Bytes(ring_entries * 8), "ring");
  TokenRing ring(ring_memory.bytes());
  CommandGraph graph("decode");
  embedding(graph, {.table = {model.view(), WeightType::f32, n, n},
                    .tokens = state.view(Bytes(offsetof(StepState, token)), Bytes(4)),
                    .output = logits.view(),
                    .state = state.view()});
  sample(graph, {.logits = logits.view(),
                 .vocabulary = n,
                 .parameters = parameters.view(),
                 .scratch = scratch.view(),
                 .ring = ring_memory.view(),
                 .ring_entries = ring.entries(),
                 .state = state.view()});
  const ExecutableGraph decode = device.record(graph);
  const client::Counters before = device.counters();
  device.submit(decode, steps / 2);
  // More replays than tokens are left: the rest must do nothing.
  const Fence last = device.submit(decode, steps);
  std::uint32_t expected = 7, count = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (count < steps) {
    const auto token = ring.poll();
    if (!token) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "only " << count << " tokens came";
      std::this_thread::yield();
      continue;
    }
    expected = (5 * expected + 3) % n;
    ASSERT_EQ(token->token, expected) << "token " << count;
    ++count;
    EXPECT_EQ(token->stop, count == steps ? StopReason::limit : StopReason::none);
  }
  device.wait(last);
  EXPECT_FALSE(ring.poll().has_value());
  const client::Counters after = device.counters();
  EXPECT_EQ(after.link.at("register_reads"), before.link.at("register_reads"));
  EXPECT_LE(after.link.at("doorbells") - before.link.at("doorbells"), 2u);
  const StepState now = downloaded<StepState>(device, state.view()).front();
  EXPECT_EQ(now.sampled, steps);
  EXPECT_EQ(now.position, steps);
}

TEST_F(DeviceTest, BuffersMayGoBeforeTheGraphThatNamesThem) {
  Device device(options());
  const auto free_before = device.status().arena.free;
  {
    ExecutableGraph executable;
    {
      const Buffer a = uploaded(device, std::vector<float>(64, 1.0f), "a");
      const Buffer state = uploaded(device, std::vector<StepState>(1), "state");
      CommandGraph graph("add");
      add(graph,
          {.a = a.view(), .b = a.view(), .output = a.view(), .width = 64, .state = state.view()});
      executable = device.record(graph);
    }
    device.wait(device.submit(executable));
  }
  // The kernels' module stays; everything else is free again.
  const Bytes taken = free_before - device.status().arena.free;
  EXPECT_LE(taken.count(), 64u << 10);
}

TEST_F(DeviceTest, KernelsComeFromTheCacheTheSecondTime) {
  const KernelRequest request{"elementwise", "rms_norm", {}};
  for (const bool second : {false, true}) {
    Device device(options());
    const LoadReport report = device.load(std::span(&request, 1));
    EXPECT_EQ(report.kernels, 1u);
    EXPECT_EQ(report.cached(), second);
    EXPECT_EQ(device.load(std::span(&request, 1)).compiled, 0u);
  }
}

TEST_F(DeviceTest, TheCardIsHeldByOneAtATime) {
  Device device(options());
  DeviceOptions impatient = options();
  impatient.lease_timeout = std::chrono::milliseconds(50);
  unsigned waited = 0;
  impatient.on_waiting = [&](unsigned, const client::LeaseHolder& holder) {
    EXPECT_EQ(holder.command, "device_test");
    ++waited;
  };
  try {
    Device second(impatient);
    FAIL() << "two leases";
  } catch (const client::ClientError& error) {
    EXPECT_EQ(error.code(), client::ClientErrorCode::busy);
  }
  EXPECT_GE(waited, 1u);
}

}  // namespace
}  // namespace redbolt::runtime::test
