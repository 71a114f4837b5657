#include "request_log.hpp"

#include <algorithm>
#include <iterator>

#include "printable.hpp"

namespace redbolt::daemon {
namespace {

using protocol::Request;
constexpr std::size_t longest_name = 64;

std::string quoted(const std::string& name) {
  std::string text = "\"";
  text += printable(name, longest_name);
  text += '"';
  return text;
}

// A thing of so many bytes with a name.
std::string sized(std::uint64_t size, const std::string& name) {
  std::string text = std::to_string(size);
  text += " bytes as ";
  text += quoted(name);
  return text;
}

std::string nothing(const Request&) {
  return "";
}

struct Kind {
  Request::BodyCase body;
  LogPart part;
  const char* name;
  std::string (*details)(const Request& request);
};

// Status, counters and waits are looks at things, not events: they are not logged.
constexpr Kind kinds[] = {
    {Request::kHello, LogPart::service, "connects", nothing},
    {Request::kAcquireLease, LogPart::lease, "has the card", nothing},
    {Request::kReleaseLease, LogPart::lease, "gives the card back", nothing},
    {Request::kAskRelease, LogPart::lease, "asks the holder to let go", nothing},
    {Request::kRevokeLease, LogPart::lease, "takes the card from its holder", nothing},
    {Request::kResetCard, LogPart::device, "resets the card", nothing},
    {Request::kCreateBuffer, LogPart::memory, "takes video memory:",
     [](const Request& r) { return sized(r.create_buffer().size(), r.create_buffer().name()); }},
    {Request::kCreateShared, LogPart::memory, "takes shared memory:",
     [](const Request& r) { return sized(r.create_shared().size(), r.create_shared().name()); }},
    {Request::kDestroy, LogPart::memory, "gives back object",
     [](const Request& r) { return std::to_string(r.destroy().id()); }},
    {Request::kCreateModule, LogPart::memory, "loads module",
     [](const Request& r) { return quoted(r.create_module().name()); }},
    {Request::kRecordGraph, LogPart::submission, "records graph",
     [](const Request& r) { return quoted(r.record_graph().name()); }},
    {Request::kLaunch, LogPart::submission, "launches graph",
     [](const Request& r) {
       return std::to_string(r.launch().graph()) + " × " + std::to_string(r.launch().repeat());
     }},
    {Request::kCopy, LogPart::submission, "copies",
     [](const Request& r) { return std::to_string(r.copy().copy().size()) + " bytes"; }},
    {Request::kFill, LogPart::submission, "fills",
     [](const Request& r) { return std::to_string(r.fill().fill().size()) + " bytes"; }},
};

const Kind* find_kind(Request::BodyCase body) {
  const auto found = std::find_if(std::begin(kinds), std::end(kinds),
                                  [body](const Kind& kind) { return kind.body == body; });
  return found == std::end(kinds) ? nullptr : found;
}

}  // namespace

void log_request(const Log& log, const std::string& who, const Request& request) {
  const Kind* kind = find_kind(request.body_case());
  if (kind == nullptr || !log.wants(kind->part, LogLevel::debug)) return;
  std::string line = who;
  for (const std::string& word : {std::string(kind->name), kind->details(request)}) {
    if (word.empty()) continue;
    line += ' ';
    line += word;
  }
  log.debug(kind->part, line);
}

void log_refusal(const Log& log, const std::string& who, const Request& request,
                 const protocol::Error& error) {
  const Kind* kind = find_kind(request.body_case());
  const LogPart part = kind == nullptr ? LogPart::service : kind->part;
  if (log.wants(part, LogLevel::debug)) log.debug(part, who + " is refused: " + error.message());
}

}  // namespace redbolt::daemon
