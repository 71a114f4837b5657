#include "peer.hpp"

#include <sys/socket.h>
#include <unistd.h>

#ifdef __APPLE__
#include <sys/un.h>
#endif

namespace redbolt::daemon {
#ifdef __APPLE__

std::optional<PeerCredentials> peer_credentials(int socket) {
  uid_t uid = 0;
  gid_t gid = 0;
  if (::getpeereid(socket, &uid, &gid) != 0) return std::nullopt;
  pid_t pid = 0;
  socklen_t length = sizeof pid;
  if (::getsockopt(socket, SOL_LOCAL, LOCAL_PEERPID, &pid, &length) != 0) pid = 0;
  return PeerCredentials{pid, uid};
}

#else

std::optional<PeerCredentials> peer_credentials(int socket) {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0)
    return std::nullopt;
  return PeerCredentials{credentials.pid, credentials.uid};
}

#endif

bool is_own_user(const PeerCredentials& peer) {
  return peer.uid == ::geteuid();
}

}  // namespace redbolt::daemon
