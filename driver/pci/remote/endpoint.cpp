#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "redbolt/pci/remote.hpp"
#include "remote/connection.hpp"
#include "remote/function.hpp"
#include "remote/lock_file.hpp"
#include "remote/open_socket.hpp"

namespace redbolt::pci {
namespace {

using remote::Command;

constexpr std::uint64_t kAmd = 0x1002;
constexpr std::uint64_t kDisplay = 0x03;
constexpr std::uint64_t kLongestList = 64 * 1024;

// tinygrad, the other driver of cards behind such servers, locks files of these names in the
// temporary folder.
constexpr const char* kTinygradAppLock = "am_usb4.lock";
constexpr const char* kTinygradRemoteLock = "am_remote:";

constexpr const char* kTinygpuProgram = "/Applications/TinyGPU.app/Contents/MacOS/TinyGPU";
constexpr const char* kTinygpuSocket = "tinygpu.sock";
constexpr const char* kTinygpuSocketVariable = "APL_REMOTE_SOCK";

std::string in_temporary_folder(const std::string& name) {
  return (std::filesystem::temp_directory_path() / name).string();
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

RemoteEndpoint tcp_endpoint(std::string_view details) {
  const auto colon = details.rfind(':');
  if (colon == std::string_view::npos || !is_port(details.substr(colon + 1))) {
    throw RemoteSpecError("tcp wants HOST:PORT with a port of 1 to 65535, not \"" +
                          std::string(details) + "\"");
  }
  std::string_view host = details.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (host.empty()) throw RemoteSpecError("tcp wants a host before the port");
  RemoteEndpoint endpoint;
  endpoint.host = host;
  endpoint.port = details.substr(colon + 1);
  return endpoint;
}

struct ProbedCard {
  std::uint32_t device = 0;
  std::string location;  // empty: not known
};

// The first card of AMD's that the server has. A line of the list is LOCATION:INDEX.
ProbedCard probe(remote::Connection& connection) {
  const std::array<std::byte, 8> any_device{};  // no bit of the device id is to be compared
  std::vector<std::byte> list;
  try {
    const auto reply =
        connection.call_for_data(Command::probe, {kDisplay, any_device.size(), kAmd}, any_device,
                                 PciErrorCode::unsupported, kLongestList, list);
    if (!reply) {
      throw PciError(PciErrorCode::transport_closed, connection.name() + ": the server is gone");
    }
  } catch (const PciError& error) {
    if (error.code() != PciErrorCode::unsupported) throw;
    return {};
  }
  std::string_view text(reinterpret_cast<const char*>(list.data()), list.size());
  text = text.substr(0, text.find('\n'));
  if (text.empty()) {
    throw PciError(PciErrorCode::no_card,
                   connection.name() + ": the server is there, and has no card of AMD's");
  }
  const auto colon = text.rfind(':');
  ProbedCard card;
  const auto digits = colon == std::string_view::npos ? text : text.substr(colon + 1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), card.device);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    connection.distrust("its list of cards has no index");
  }
  if (colon == std::string_view::npos) return card;
  card.location = text.substr(0, colon);
  // It becomes part of messages and of a file's name.
  for (char& c : card.location) {
    if (c < '!' || c > '~' || c == '/') c = '?';
  }
  return card;
}

}  // namespace

RemoteEndpoint parse_remote_endpoint(std::string_view text) {
  const auto colon = std::min(text.find(':'), text.size());
  const auto kind = text.substr(0, colon);
  const auto details = text.substr(std::min(colon + 1, text.size()));
  RemoteEndpoint endpoint;
  if (kind == "unix" && !details.empty()) {
    endpoint.path = details;
  } else if (kind == "tcp") {
    endpoint = tcp_endpoint(details);
  } else {
    throw RemoteSpecError("wants unix:PATH or tcp:HOST:PORT, not \"" + std::string(text) + "\"");
  }
  endpoint.name = "remote:" + std::string(text);
  return endpoint;
}

RemoteEndpoint tinygpu_endpoint(std::string_view path) {
  RemoteEndpoint endpoint;
  endpoint.path = path;
  endpoint.probe = false;
#ifdef __APPLE__
  if (endpoint.path.empty()) {
    const char* const chosen = std::getenv(kTinygpuSocketVariable);
    endpoint.path = chosen != nullptr ? chosen : in_temporary_folder(kTinygpuSocket);
  }
  endpoint.launch = {kTinygpuProgram, "server", endpoint.path};
#else
  static_cast<void>(kTinygpuProgram);
  static_cast<void>(kTinygpuSocket);
  static_cast<void>(kTinygpuSocketVariable);
  if (endpoint.path.empty()) {
    throw RemoteSpecError(
        "the TinyGPU app is for macOS; for a server of its protocol on this system say where it "
        "listens: tinygpu:PATH or remote:unix:PATH");
  }
#endif
  endpoint.lock_at = {in_temporary_folder(kTinygradAppLock)};
  endpoint.name = "tinygpu:" + endpoint.path;
  return endpoint;
}

std::unique_ptr<PciFunction> connect_remote(const RemoteEndpoint& endpoint,
                                            const RemoteOptions& options) {
  const bool is_unix = !endpoint.path.empty();
  FileDescriptor socket = remote::open_socket(endpoint, options.connect_timeout);
  std::vector<remote::LockFile> locks;
  for (const std::string& path : endpoint.lock_at) locks.emplace_back(path);
  if (is_unix) locks.emplace_back(endpoint.path + ".lock");
  auto connection =
      std::make_shared<remote::Connection>(std::move(socket), endpoint.name, options.reply_timeout);
  ProbedCard card;
  if (endpoint.probe) card = probe(*connection);
  connection->select_device(card.device, card.location);
  if (!is_unix) {
    locks.emplace_back(in_temporary_folder(kTinygradRemoteLock + endpoint.host + ":" +
                                           endpoint.port + ":" + card.location + ":" +
                                           std::to_string(card.device) + ".lock"));
  }
  return std::make_unique<remote::RemoteFunction>(std::move(connection), is_unix, std::move(locks));
}

}  // namespace redbolt::pci
