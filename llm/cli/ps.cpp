// redbolt-llm ps: who has the card, who waits for it, and what lies on it.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/daemon_choice.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "redbolt/client/connection.hpp"
#include "support/hex.hpp"
#include "support/printable.hpp"

namespace redbolt::llm::cli {
namespace {

struct Options {
  std::filesystem::path socket;
  bool json = false;
};

// "12 s", "3 min", "5 h", "2 d": one unit, as in a list that is looked at.
std::string duration_text(double seconds) {
  if (seconds < 100) return fixed(seconds, 0) + " s";
  if (seconds < 100 * 60) return fixed(seconds / 60, 0) + " min";
  if (seconds < 100 * 3600) return fixed(seconds / 3600, 0) + " h";
  return fixed(seconds / 86400, 0) + " d";
}

// Columns as wide as their widest cell; the first row is the heading.
std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::vector<std::string> lease_row(const std::string& place, const client::LeaseHolder& holder) {
  const Bytes vram = holder.arena_bytes + holder.module_bytes + holder.resident_bytes;
  return {place,
          std::to_string(holder.pid),
          std::to_string(holder.uid),
          human_bytes(vram.count()),
          human_bytes(holder.shared_bytes.count()),
          duration_text(holder.age_seconds),
          printable(holder.command) + (holder.release_requested ? " (asked to let go)" : "")};
}

std::string leases_text(const client::DeviceStatus& status) {
  if (!status.holder) return "nobody has the card\n";
  std::vector<std::vector<std::string>> rows{
      {"LEASE", "PID", "UID", "VRAM", "HOST", "FOR", "COMMAND"}};
  rows.push_back(lease_row("holder", *status.holder));
  std::size_t place = 0;
  for (const client::LeaseHolder& waiting : status.waiting)
    rows.push_back(lease_row("waits " + std::to_string(++place), waiting));
  std::string text = table(rows);
  for (const client::Gauge& gauge : status.gauges) {
    text +=
        "  " + gauge.name + ": " + (gauge.text.empty() ? fixed(gauge.value, 1) : gauge.text) + "\n";
  }
  return text;
}

std::string residents_text(const client::DeviceStatus& status) {
  if (status.residents.empty()) return "no resident weights\n";
  std::vector<std::vector<std::string>> rows{
      {"WEIGHTS", "ID", "SIZE", "LOADED", "LAST USED", "USES", "IN USE BY"}};
  for (const client::ResidentInfo& resident : status.residents) {
    std::string users;
    for (const std::string& user : resident.users) users += (users.empty() ? "" : ", ") + user;
    rows.push_back(
        {printable(resident.name), to_hex(resident.hash).substr(0, 12),
         human_bytes(resident.size.count()), duration_text(resident.age_seconds) + " ago",
         resident.users.empty() ? duration_text(resident.unused_seconds) + " ago" : "now",
         std::to_string(resident.uses), users.empty() ? "-" : users});
  }
  return table(rows);
}

void print_for_people(const client::DeviceInfo& device, const client::DeviceStatus& status) {
  const client::ArenaStatus& arena = status.arena;
  write_output(device.name + " (" + device.gfx_target + (device.emulated ? ", emulated" : "") +
               ") at " + device.bus_name + ": " + status.state + ", daemon up " +
               duration_text(status.uptime_seconds) + "\n" + "arena " +
               human_bytes(arena.size.count()) + ": " +
               human_bytes((arena.size - arena.free).count()) + " taken, of which " +
               human_bytes(arena.reclaimable.count()) + " give way when needed\n\n" +
               leases_text(status) + "\n" + residents_text(status));
}

nlohmann::json lease_json(const client::LeaseHolder& holder) {
  return {{"pid", holder.pid},
          {"uid", holder.uid},
          {"command", printable(holder.command)},
          {"lease", holder.lease.value()},
          {"age_s", holder.age_seconds},
          {"arena_bytes", holder.arena_bytes.count()},
          {"resident_bytes", holder.resident_bytes.count()},
          {"module_bytes", holder.module_bytes.count()},
          {"shared_bytes", holder.shared_bytes.count()},
          {"buffers", holder.buffers},
          {"modules", holder.modules},
          {"graphs", holder.graphs},
          {"release_requested", holder.release_requested}};
}

nlohmann::json resident_json(const client::ResidentInfo& resident) {
  return {{"hash", to_hex(resident.hash)},  {"name", printable(resident.name)},
          {"bytes", resident.size.count()}, {"users", resident.users},
          {"age_s", resident.age_seconds},  {"unused_s", resident.unused_seconds},
          {"uses", resident.uses}};
}

nlohmann::json range_json(const client::ArenaRange& range) {
  return {{"region", range.executable ? "code" : "data"},
          {"offset", range.offset.count()},
          {"bytes", range.size.count()},
          {"use", client::to_string(range.use)},
          {"owner", printable(range.owner)}};
}

template <class List, class Convert>
nlohmann::json list_json(const List& list, Convert convert) {
  nlohmann::json result = nlohmann::json::array();
  for (const auto& entry : list) result.push_back(convert(entry));
  return result;
}

nlohmann::json report(const client::DeviceInfo& device, const client::DeviceStatus& status) {
  nlohmann::json holder = nullptr;
  if (status.holder) holder = lease_json(*status.holder);
  const auto gauge = [](const client::Gauge& g) {
    return nlohmann::json{
        {"name", g.name}, {"value", g.value}, {"text", g.text}, {"age_s", g.age_seconds}};
  };
  return {{"schema_version", 1},
          {"device",
           {{"name", device.name},
            {"gfx_target", device.gfx_target},
            {"bus_name", device.bus_name},
            {"emulated", device.emulated},
            {"vram_bytes", device.vram.count()},
            {"state", status.state},
            {"uptime_s", status.uptime_seconds}}},
          {"arena",
           {{"bytes", status.arena.size.count()},
            {"free_bytes", status.arena.free.count()},
            {"reclaimable_bytes", status.arena.reclaimable.count()},
            {"largest_free_bytes", status.arena.largest_free.count()},
            {"map", list_json(status.arena_map->ranges, range_json)}}},
          {"holder", holder},
          {"waiting", list_json(status.waiting, lease_json)},
          {"gauges", list_json(status.gauges, gauge)},
          {"residents", list_json(status.residents, resident_json)}};
}

void ps(const Options& options) {
  client::Connection connection = connect_to_daemon(options.socket, "redbolt-llm ps");
  const client::DeviceStatus status =
      connection.status({.metrics = false, .arena_map = options.json});
  if (options.json) {
    write_output(report(connection.device(), status).dump(2) + "\n");
  } else {
    print_for_people(connection.device(), status);
  }
}

}  // namespace

void add_ps(CLI::App& application) {
  const auto options = std::make_shared<Options>();
  auto* const verb =
      application.add_subcommand("ps", "List who has the card, who waits, and resident weights");
  verb->footer("\nOnly looks: it works while another program has the card.");
  add_daemon_option(*verb, options->socket);
  verb->add_flag("--json", options->json, "Print everything as JSON, with a map of the arena");
  verb->callback([options] { ps(*options); });
}

}  // namespace redbolt::llm::cli
