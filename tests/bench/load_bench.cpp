// What it costs to start with a model that the card does not have, and with one that it has: the
// second is to take less than 5 % of the first. usage: load_bench [MODEL.gguf], else a file of 1.1
// GiB in the shape of a model, without content.
#include <chrono>
#include <cstdio>
#include <memory>

#include "daemon_process.hpp"
#include "redbolt/llm/engine/loaded_model.hpp"
#include "sparse_model.hpp"
#include "temporary_folder.hpp"

namespace {

using namespace redbolt;
using Clock = std::chrono::steady_clock;

struct Figures {
  double seconds;  // from the connection on
  double weights_seconds;
  double opened_seconds;  // of them, reading the file's tables
  std::uint64_t bytes_to_card;
};

Figures load(const std::filesystem::path& socket, const std::filesystem::path& path,
             const std::filesystem::path& cache) {
  client::Connection observer({socket, "load_bench"});
  const std::uint64_t before = observer.counters().daemon.at("bytes_to_card");
  const auto start = Clock::now();
  const llm::ModelFiles files(path);
  const double opened = std::chrono::duration<double>(Clock::now() - start).count();
  runtime::DeviceOptions device_options;
  device_options.socket = socket;
  device_options.command = "load_bench";
  device_options.lease_timeout = std::chrono::seconds(30);
  runtime::Device device(device_options);
  llm::LoadOptions options;
  options.cache_folder = cache;
  const llm::LoadedModel model(files, device, {}, options);
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return {seconds, model.upload_seconds(), opened,
          observer.counters().daemon.at("bytes_to_card") - before};
}

void print(const char* what, const Figures& figures) {
  std::printf(
      "%-10s %8.3f s, weights there after %8.4f s, tables %7.4f s, %13llu bytes to the card\n",
      what, figures.seconds, figures.weights_seconds, figures.opened_seconds,
      static_cast<unsigned long long>(figures.bytes_to_card));
}

}  // namespace

int main(int argc, char** argv) {
  test::TemporaryFolder folder;
  std::filesystem::path model = argc > 1 ? argv[1] : "";
  if (model.empty()) {
    model = folder.path() / "hole.gguf";
    test::write_sparse_model(
        model, {.layers = 24, .width = 2048, .feed_forward = 6144, .vocabulary = 32768});
  }
  test::DaemonProcess daemon("emulated");
  const auto cold = load(daemon.socket(), model, folder.path());
  print("cold", cold);
  for (int i = 0; i < 3; ++i) {
    const auto warm = load(daemon.socket(), model, folder.path());
    print("warm", warm);
    std::printf(
        "           %.2f %% of the cold load, %.3f %% of its bytes\n",
        100 * warm.seconds / cold.seconds,
        100 * static_cast<double>(warm.bytes_to_card) / static_cast<double>(cold.bytes_to_card));
  }
  return 0;
}
