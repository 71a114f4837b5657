// A redboltd of one's own: started for one command on a socket that nobody else knows, and gone
// with it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "redbolt/base/file_descriptor.hpp"

namespace redbolt::llm::cli {

struct PrivateDaemonOptions {
  std::string device;              // redboltd's --device: "emulated", "emulated:vram=8GiB"
  std::filesystem::path firmware;  // redboltd's --firmware; empty: its own search path
};

class PrivateDaemon {
 public:
  // Starts the redboltd next to this program and waits until it serves clients. Throws
  // LlmError{daemon}, with what the daemon said last, when it does not come up.
  explicit PrivateDaemon(const PrivateDaemonOptions& options);
  PrivateDaemon(const PrivateDaemon&) = delete;
  PrivateDaemon& operator=(const PrivateDaemon&) = delete;
  // Ends the daemon and removes its folder.
  ~PrivateDaemon();

  std::filesystem::path socket() const { return folder_ / "redboltd.sock"; }

  // Once connected: removes the folder with the socket now, so that even a client that is killed
  // leaves nothing behind. The connection stays.
  void hide() noexcept;

 private:
  // Returns the end of the pipe on which the daemon says that it is ready.
  FileDescriptor start(const PrivateDaemonOptions& options);
  void wait_until_ready(const FileDescriptor& ready);
  void stop() noexcept;
  bool has_ended() noexcept;
  // The end of what the daemon wrote.
  std::string last_words() const;

  std::filesystem::path folder_;
  FileDescriptor alive_;  // the daemon ends when this is closed, also by our death
  pid_t process_ = -1;
  int exit_status_ = 0;
};

}  // namespace redbolt::llm::cli
