#include "remote/lock_file.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>

#include "redbolt/pci/pci_function.hpp"

namespace redbolt::pci::remote {
namespace {

// What the holder wrote: its process id. Other drivers that lock the same file may not have.
std::string holder(int file) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(file, text.data(), text.size(), 0);
  pid_t pid = 0;
  if (size > 0) std::from_chars(text.data(), text.data() + size, pid);
  const bool alive = pid > 0 && (::kill(pid, 0) == 0 || errno == EPERM);
  return alive ? "process " + std::to_string(pid) : "another program";
}

// For whoever may use the card: the lock is between all users of the machine. A file that is there
// is opened without asking to create it, which systems refuse for another's file in /tmp.
FileDescriptor open_file(const std::filesystem::path& path) {
  constexpr int kFlags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
  FileDescriptor file(::open(path.c_str(), kFlags));
  if (!file.valid() && errno == ENOENT) {
    file = FileDescriptor(::open(path.c_str(), kFlags | O_CREAT, 0666));
  }
  return file;
}

}  // namespace

LockFile::LockFile(const std::filesystem::path& path) : file_(open_file(path)) {
  if (!file_.valid()) return;
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    throw PciError(
        PciErrorCode::busy,
        holder(file_.get()) + " drives the card already: it holds the lock on " + path.string());
  }
  const std::string text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file_.get(), 0) == 0) {
    [[maybe_unused]] const auto written = ::pwrite(file_.get(), text.data(), text.size(), 0);
  }
}

LockFile::~LockFile() {
  if (!file_.valid()) return;
  [[maybe_unused]] const int emptied = ::ftruncate(file_.get(), 0);
}

}  // namespace redbolt::pci::remote
