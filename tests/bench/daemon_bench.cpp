// What the way from a client through redboltd to the emulated card and back costs: the median and
// the slowest of many calls, of short submissions, and of copies. Emulated: a card's own time is
// not in it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <vector>

#include "daemon_process.hpp"
#include "device_kernels.hpp"
#include "redbolt/client/connection.hpp"

namespace {

using namespace redbolt;
using Clock = std::chrono::steady_clock;

void report(const char* what, int rounds, const std::function<void()>& action) {
  std::vector<double> microseconds;
  for (int i = 0; i < rounds; ++i) {
    const auto start = Clock::now();
    action();
    microseconds.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  }
  std::sort(microseconds.begin(), microseconds.end());
  std::printf("%-48s median %8.0f us, slowest %8.0f us\n", what,
              microseconds[microseconds.size() / 2], microseconds.back());
}

}  // namespace

int main() {
  test::DaemonProcess daemon("emulated:vram=1G");
  client::Connection connection({daemon.socket(), "daemon_bench"});
  connection.acquire_lease(std::chrono::seconds(10));
  const auto module = test::load_test_kernels(connection);
  constexpr std::uint64_t large = std::uint64_t{64} << 20;
  const auto vram = connection.create_buffer(Bytes(large), "vram");
  const auto shared = connection.create_shared(Bytes(large), "shared");
  const auto graph = connection.record_graph(
      "store",
      std::vector<client::GraphNode>{test::store_dispatch(module, vram.id, Bytes(0), 1, 1)});

  report("a call that asks the device thread (counters)", 2000, [&] { connection.counters(); });
  report("a fill of 4 KiB, until it is known to be done", 2000,
         [&] { connection.wait(connection.fill({vram.id, Bytes(0)}, Bytes(4096), 0)); });
  report("a graph of one small kernel, likewise", 2000,
         [&] { connection.wait(connection.launch(graph)); });
  report("the same graph 16 times, likewise", 200,
         [&] { connection.wait(connection.launch(graph, 16)); });
  report("64 MiB from shared memory to VRAM, likewise", 10, [&] {
    connection.wait(connection.copy({vram.id, Bytes(0)}, {shared.id(), Bytes(0)}, Bytes(large)));
  });
  return 0;
}
