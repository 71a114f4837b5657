// Who is at the other end of a socket, as the system says it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace redbolt::daemon {

struct PeerCredentials {
  std::int64_t pid = 0;  // 0 where the system does not tell
  uid_t uid = 0;
};

// Nothing if the system does not say, in which case nobody is let in.
std::optional<PeerCredentials> peer_credentials(int socket);

// Whether it is the user of this process.
bool is_own_user(const PeerCredentials& peer);

}  // namespace redbolt::daemon
