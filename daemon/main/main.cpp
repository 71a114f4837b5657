// redboltd.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>

#include "main/options.hpp"
#include "main/service.hpp"

int main(int argc, char** argv) try {
  using namespace redbolt::daemon;
  const std::span<const char* const> arguments(argv + 1,
                                               static_cast<std::size_t>(argc > 0 ? argc - 1 : 0));
  const Options options =
      parse_options(arguments, [](const char* name) -> const char* { return std::getenv(name); });
  if (options.help) {
    std::fputs(help_text().c_str(), stdout);
    return 0;
  }
  if (options.version) {
    std::puts("redboltd " REDBOLT_VERSION);
    return 0;
  }
  run_service(options);
  return 0;
} catch (const redbolt::daemon::UsageError& error) {
  std::fprintf(stderr, "redboltd: %s\n", error.what());
  return 2;
} catch (const std::exception& error) {
  std::fprintf(stderr, "redboltd: %s\n", error.what());
  return 1;
}
