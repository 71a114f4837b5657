// Arbitrary bytes as a configuration file, for several verbs: taken, or refused in a sentence that
// can be shown; nothing else.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/application.hpp"
#include "cli/configuration_file.hpp"
#include "temporary_folder.hpp"

namespace {

using namespace redbolt;
using namespace redbolt::llm;

constexpr const char* kVerbs[] = {"run", "chat", "serve", "bench"};

// What a verb does when it is chosen.
class Work : private CLI::App {
 public:
  static std::function<void()> of(CLI::App& verb) { return verb.*(&Work::final_callback_); }
};

void parse(const std::string& verb, const std::string& file) {
  const auto application = cli::make_application();
  std::vector<std::function<void()>> work;  // owns what the options are written to
  for (CLI::App* each : application->get_subcommands([](CLI::App*) { return true; })) {
    work.push_back(Work::of(*each));
    each->callback({});
  }
  // In the order in which CLI11 takes them.
  application->parse(std::vector<std::string>{file, "--config", "model.gguf", verb});
}

void expect_showable(std::string_view text) {
  const bool control = std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n') || byte == 0x7F;
  });
  if (text.empty() || control) std::abort();
}

}  // namespace

std::vector<std::vector<std::uint8_t>> fuzz_samples() {
  std::vector<std::vector<std::uint8_t>> samples;
  for (const std::string_view text : {
           "model = \"qwen3:8b\"\nctx = 512\n[chat]\ntemp = 0.7\nstop = [\"END\", 'STOP']\n"
           "context-shift = true\n[serve]\nparallel = 4\nui = false\nport = 0x1F90\n",
           "temp = 1e3\nseed = -1\ntop_k = 1_000\ntop-p = inf\nmin-p = nan\n[run]\nraw = \"yes\"\n",
           "socket = '''\n/a'''\ndevice = \"\\u0041\"\nlogit-bias = [\"1=2\", [\"3=4\"], {a = "
           "1}]\n",
           "a.b = 1\n[[chat]]\n[run.sub]\nx = 1979-05-27T07:32:00Z\n\"quoted key\" = 07:32:00\n",
       }) {
    for (std::uint8_t verb = 0; verb < std::size(kVerbs); ++verb) {
      samples.emplace_back(text.begin(), text.end());
      samples.back().insert(samples.back().begin(), verb);
    }
  }
  return samples;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const test::TemporaryFolder folder;
  static const std::string path = folder.path() / "config.toml";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(data) + 1, static_cast<std::streamsize>(size - 1));
  try {
    parse(kVerbs[data[0] % std::size(kVerbs)], path);
  } catch (const CLI::ParseError& error) {
    expect_showable(error.what());
  }
  return 0;
}
