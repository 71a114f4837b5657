// Who is at the other end of a socket, as the system says it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace redbolt::daemon {

struct PeerCredentials {
  std::int64_t pid = 0;  // 0 where the system does not tell
  uid_t uid = 0;
};

// Nothing if the system does not say, in which case nobody is let in.
std::optional<PeerCredentials> peer_credentials(int socket);

// What a client calls itself, made fit for other people's terminals: printable ASCII, cut to
// length.
std::string printable_command(std::string_view command);

}  // namespace redbolt::daemon
