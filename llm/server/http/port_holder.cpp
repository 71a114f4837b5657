#include "server/http/port_holder.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unordered_set>

namespace redbolt::llm::server {
namespace {

namespace fs = std::filesystem;

constexpr const char* kListening = "0A";  // TCP_LISTEN, in the column st of /proc/net/tcp

// "0100007F:2CAB" ends in the port.
bool is_port(const std::string& address, std::uint16_t port) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos) return false;
  unsigned value = 0;
  const char* const end = address.data() + address.size();
  const auto parsed = std::from_chars(address.data() + colon + 1, end, value, 16);
  return parsed.ec == std::errc{} && value == port;
}

// proc(5): sl, local address, remote address, st, queues, timer, retransmits, uid, timeout, inode.
void add_listeners(const char* table, std::uint16_t port, std::unordered_set<std::string>& links) {
  std::ifstream file(table);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream columns(line);
    std::string slot, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
    columns >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid >>
        timeout >> inode;
    if (columns && state == kListening && is_port(local, port)) {
      links.insert("socket:[" + inode + "]");
    }
  }
}

bool holds_any(const fs::path& process, const std::unordered_set<std::string>& links) {
  std::error_code error;
  for (fs::directory_iterator entry(process / "fd", error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code unreadable;
    if (links.contains(fs::read_symlink(entry->path(), unreadable).string())) return true;
  }
  return false;
}

}  // namespace

// Where there is no /proc, nothing is found.
std::string describe_port_holder(std::uint16_t port) {
  std::unordered_set<std::string> links;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) add_listeners(table, port, links);
  if (links.empty()) return {};
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string pid = entry->path().filename();
    if (!std::ranges::all_of(pid, [](char c) { return c >= '0' && c <= '9'; })) continue;
    if (!holds_any(entry->path(), links)) continue;
    std::string command;
    std::getline(std::ifstream(entry->path() / "comm"), command);
    return command + " (process " + pid + ")";
  }
  return "another user's program";
}

}  // namespace redbolt::llm::server
