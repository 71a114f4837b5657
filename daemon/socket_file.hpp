// The socket that the daemon listens on, and its file: made so that nobody else can reach it,
// removed with this object, and never taken away from a daemon that is alive.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "redbolt/base/file_descriptor.hpp"
#include "redbolt/base/listening_file.hpp"

namespace redbolt::daemon {

enum class SocketErrorCode : std::uint8_t {
  path_too_long,
  already_served,  // a live daemon answers there
  not_a_socket,    // something else has that name
  unsafe_folder,   // others could replace the socket
  not_permitted,   // it is another user's
  failed,          // the system refused
};

class SocketError : public std::runtime_error {
 public:
  SocketError(SocketErrorCode code, const std::string& message)
      : std::runtime_error(message), code_(code) {}
  SocketErrorCode code() const { return code_; }

 private:
  SocketErrorCode code_;
};

// Changes nothing. Throws SocketError where it cannot be found out.
SocketFileState look_at_socket(const std::filesystem::path& path);

// Removes the file if it is dead, under the same lock as a daemon that starts, and returns whether
// it was. Throws SocketError where that cannot be found out or done.
bool remove_if_dead(const std::filesystem::path& path);

class SocketFile {
 public:
  // Makes the folder (0700) if it is missing, removes a socket file that is proved dead by a
  // refused connection, binds (0600) and listens. Throws SocketError.
  explicit SocketFile(const std::filesystem::path& path);
  // Takes over a listening Unix socket that somebody else made and whose file is theirs. Throws
  // SocketError if it is not one.
  explicit SocketFile(FileDescriptor inherited);
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // Non-blocking, listening.
  int descriptor() const { return inherited_.valid() ? inherited_.get() : ours_.descriptor(); }
  // Removes the file (if it is still this socket's, and was made here) and stops listening. Never
  // throws.
  void close() noexcept;

 private:
  std::filesystem::path path_;
  ListeningFile ours_;  // one of the two
  FileDescriptor inherited_;
};

}  // namespace redbolt::daemon
