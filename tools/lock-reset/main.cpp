// redbolt-lock-reset.
#include <array>
#include <cstdio>
#include <exception>

#include "options.hpp"
#include "redbolt/client/client_error.hpp"
#include "reset.hpp"
#include "socket_file.hpp"

namespace {

using redbolt::client::ClientErrorCode;
using redbolt::tools::ExitCode;

struct Mapping {
  ClientErrorCode from;
  ExitCode to;
};

ExitCode exit_code_of(ClientErrorCode code) {
  constexpr std::array table{
      Mapping{ClientErrorCode::permission_denied, ExitCode::permission},
      Mapping{ClientErrorCode::busy, ExitCode::busy},
      Mapping{ClientErrorCode::device_lost, ExitCode::card_lost},
  };
  for (const Mapping& row : table)
    if (row.from == code) return row.to;
  return ExitCode::other;
}

int failed(const char* what, ExitCode code) {
  std::fprintf(stderr, "redbolt-lock-reset: %s\n", what);
  return static_cast<int>(code);
}

}  // namespace

int main(int argc, char** argv) try {
  const auto options = redbolt::lock_reset::parse_options(argc, argv);
  if (!options) return 0;
  return static_cast<int>(redbolt::lock_reset::reset_lock(*options, stdout));
} catch (const redbolt::lock_reset::UsageError& error) {
  return failed(error.what(), ExitCode::usage);
} catch (const redbolt::client::ClientError& error) {
  return failed(error.what(), exit_code_of(error.code()));
} catch (const redbolt::daemon::SocketError& error) {
  const bool denied = error.code() == redbolt::daemon::SocketErrorCode::not_permitted;
  return failed(error.what(), denied ? ExitCode::permission : ExitCode::other);
} catch (const std::exception& error) {
  return failed(error.what(), ExitCode::other);
}
