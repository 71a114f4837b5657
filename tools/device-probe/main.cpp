// redbolt-device-probe.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "options.hpp"
#include "probe.hpp"
#include "report/render.hpp"
#include "report/report.hpp"
#include "watch/watch.hpp"

namespace {

using namespace redbolt::probe;

bool wants_colour() {
  const char* refused = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && (refused == nullptr || *refused == '\0');
}

int exit_with(ExitCode code) {
  return static_cast<int>(code);
}

}  // namespace

int main(int argc, char** argv) try {
  const auto options = parse_options(argc, argv);
  if (!options) return 0;
  if (options->watch) return exit_with(watch(*options));
  const Report report = run_probe(*options);
  const std::string text =
      options->json ? render_json(report) : render_text(report, wants_colour());
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
    std::perror("redbolt-device-probe: cannot write");
    return exit_with(ExitCode::other);
  }
  return exit_with(report.exit_code);
} catch (const UsageError& error) {
  std::fprintf(stderr, "redbolt-device-probe: %s\n", error.what());
  return exit_with(ExitCode::usage);
} catch (const std::exception& error) {
  std::fprintf(stderr, "redbolt-device-probe: %s\n", error.what());
  return exit_with(ExitCode::other);
}
