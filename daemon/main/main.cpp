// redboltd.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>

#include "main/options.hpp"
#include "main/service.hpp"
#include "main/system/service_install.hpp"

int main(int argc, char** argv) try {
  using namespace redbolt::daemon;
  const std::span<const char* const> arguments(argv + 1,
                                               static_cast<std::size_t>(argc > 0 ? argc - 1 : 0));
  const auto environment = [](const char* name) -> const char* { return std::getenv(name); };
  const Options options = parse_options(arguments, environment);
  if (options.help) {
    std::fputs(help_text().c_str(), stdout);
    return 0;
  }
  if (options.version) {
    std::puts("redboltd " REDBOLT_VERSION);
    return 0;
  }
  if (options.service != ServiceChange::none) {
    change_service(options, environment, stdout);
    return 0;
  }
  run_service(options, environment);
  return 0;
} catch (const redbolt::daemon::UsageError& error) {
  std::fprintf(stderr, "redboltd: %s\n", error.what());
  return 2;
} catch (const std::exception& error) {
  std::fprintf(stderr, "redboltd: %s\n", error.what());
  return 1;
}
