// The file of a listening Unix socket: looked at, made where nobody else is in the way, and removed
// by whoever made it. What may be removed, and what is said about the rest, is the caller's affair.
//
// Everything here throws std::system_error where the system refuses; what() then begins with the
// file or folder meant.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>

#include "redbolt/base/file_descriptor.hpp"

namespace redbolt {

// The folder that holds the file.
std::filesystem::path folder_of(const std::filesystem::path& path);

// Servers that start at the same time look at a file one after the other under this lock. It is on
// the folder itself and goes with the descriptor: no lock file that could be left behind. Waits two
// seconds for another process at most (std::errc::timed_out).
FileDescriptor lock_folder(const std::filesystem::path& folder);

enum class SocketFileState : std::uint8_t {
  absent,
  alive,         // somebody answers there, or could
  dead,          // a connection is refused: whoever listened has ended
  not_a_socket,  // something else has that name
};

// Changes nothing. `probe` is an unconnected Unix stream socket, and is connected afterwards if
// somebody answers. std::errc::permission_denied: it is another user's.
SocketFileState look_at_socket_file(const std::filesystem::path& path, const sockaddr* address,
                                    socklen_t length, const FileDescriptor& probe);

class ListeningFile {
 public:
  ListeningFile() = default;  // none
  // Binds the socket to the address of `path`, gives the file mode 0600, and listens; from then on
  // the socket does not block. Nobody can connect before the mode is right.
  ListeningFile(FileDescriptor socket, std::filesystem::path path, const sockaddr* address,
                socklen_t length);
  ListeningFile(ListeningFile&& other) noexcept;
  ListeningFile& operator=(ListeningFile&& other) noexcept;
  ~ListeningFile() { close(); }

  int descriptor() const { return socket_.get(); }
  // Stops listening, and removes the file if it is still this socket's.
  void close() noexcept;

 private:
  std::filesystem::path path_;
  FileDescriptor socket_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace redbolt
