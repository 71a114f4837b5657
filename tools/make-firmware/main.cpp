// redbolt-make-firmware: writes synthetic firmware images for the emulated card.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "redbolt/tools/synthetic_firmware.hpp"

namespace {

constexpr const char* kHelp =
    R"(redbolt-make-firmware: synthetic firmware for the emulated card

Usage: redbolt-make-firmware [--psp 2.0|2.1] [--smc 2.0|2.1] [--rlc 2.0..2.4] [--seed N] FOLDER

Writes the six images a Navi31 (RX 7900 XT/XTX) needs into FOLDER, in AMD's container
formats with invented content. A real card refuses them; for one, use linux-firmware.
)";

unsigned minor_of(std::string_view option, std::string_view text, unsigned highest) {
  if (text.size() == 3 && text.substr(0, 2) == "2." && text[2] >= '0' &&
      text[2] <= static_cast<char>('0' + highest)) {
    return static_cast<unsigned>(text[2] - '0');
  }
  throw std::invalid_argument(std::string(option) + " takes 2.0 to 2." + std::to_string(highest));
}

struct Options {
  redbolt::tools::SyntheticVersions versions;
  std::uint64_t seed = 1;
  std::filesystem::path folder;
};

// std::nullopt: the help was asked for.
std::optional<Options> parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--help" || name == "-h") return std::nullopt;
    if (!name.starts_with("--")) {
      if (!options.folder.empty()) throw std::invalid_argument("more than one folder is named");
      options.folder = name;
      continue;
    }
    if (i + 1 == argc) throw std::invalid_argument(std::string(name) + " needs a value");
    const std::string_view value = argv[++i];
    if (name == "--psp") {
      options.versions.psp_minor = minor_of(name, value, 1);
    } else if (name == "--smc") {
      options.versions.smc_minor = minor_of(name, value, 1);
    } else if (name == "--rlc") {
      options.versions.rlc_minor = minor_of(name, value, 4);
    } else if (name == "--seed") {
      options.seed = std::stoull(std::string(value));
    } else {
      throw std::invalid_argument("there is no option " + std::string(name));
    }
  }
  if (options.folder.empty()) throw std::invalid_argument("no folder is named");
  return options;
}

void write(const std::filesystem::path& folder, const redbolt::tools::SyntheticImage& image) {
  const auto path = folder / image.name;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(image.content.data()),
             static_cast<std::streamsize>(image.content.size()));
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace

int main(int argc, char** argv) {
  std::optional<Options> options;
  try {
    options = parse(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "redbolt-make-firmware: %s\n\n%s", error.what(), kHelp);
    return 2;
  }
  if (!options) {
    std::fputs(kHelp, stdout);
    return 0;
  }
  try {
    std::filesystem::create_directories(options->folder);
    for (const auto& image : redbolt::tools::make_navi31_images(options->versions, options->seed)) {
      write(options->folder, image);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "redbolt-make-firmware: %s\n", error.what());
    return 1;
  }
  return 0;
}
