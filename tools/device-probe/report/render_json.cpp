#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "report/render.hpp"

namespace redbolt::probe {
namespace {

using Json = nlohmann::ordered_json;

template <class Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json hex(std::uint32_t value, int digits) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "0x%0*x", digits, value);
  return text.data();
}

Json link_json(const LinkFacts& link) {
  return {{"width_lanes", or_null(link.width_lanes)},
          {"width_max_lanes", or_null(link.width_max_lanes)},
          {"speed_gt_per_s", or_null(link.speed_gt_per_s)},
          {"speed_max_gt_per_s", or_null(link.speed_max_gt_per_s)}};
}

Json tunnel_json(const TunnelFacts& tunnel) {
  return {{"id", tunnel.id},
          {"name", text_or_null(tunnel.name)},
          {"vendor", text_or_null(tunnel.vendor)},
          {"uuid", text_or_null(tunnel.uuid)},
          {"security", text_or_null(tunnel.security)},
          {"authorised", or_null(tunnel.authorised)},
          {"generation", or_null(tunnel.generation)},
          {"lane_speed_gbit_per_s", or_null(tunnel.speed_gbit_per_s)},
          {"lanes", or_null(tunnel.lanes)},
          {"dma_protection", or_null(tunnel.dma_protection)}};
}

Json discovery_json(const CardFacts& card) {
  const auto& discovery = card.discovery.value;
  if (!discovery) return nullptr;
  return {{"ip_versions", discovery->ip_versions},
          {"shader_engines", or_null(discovery->shader_engines)},
          {"compute_units_of_chip", or_null(discovery->compute_units)}};
}

Json bars_json(const std::vector<BarFacts>& bars) {
  Json array = Json::array();
  for (const BarFacts& bar : bars)
    array.push_back({{"index", bar.index},
                     {"address", bar.base == 0 ? Json(nullptr) : Json(bar.base)},
                     {"size_bytes", bar.size_bytes}});
  return array;
}

Json card_json(const CardFacts& card) {
  // The kernel's identity of a card that is gone may be all there is; without it ids are unknown.
  const bool known = card.vendor_id != 0;
  const auto id = [known](std::uint32_t value, int digits) {
    return known ? hex(value, digits) : Json(nullptr);
  };
  return {{"address", card.address},
          {"name", text_or_null(card.name.name)},
          {"chip", text_or_null(card.name.chip)},
          {"gfx_target", text_or_null(card.name.gfx_target)},
          {"supported", card.name.supported},
          {"why_not", text_or_null(card.name.why_not)},
          {"vendor_id", id(card.vendor_id, 4)},
          {"device_id", id(card.device_id, 4)},
          {"subsystem_vendor_id", id(card.subsystem_vendor_id, 4)},
          {"subsystem_id", id(card.subsystem_id, 4)},
          {"revision", id(card.revision, 2)},
          {"class_code", id(card.class_code, 6)},
          {"answers", card.answers},
          {"removable", or_null(card.removable)},
          {"power_state", or_null(card.power_state)},
          {"driver", card.driver && !card.driver->empty() ? Json(*card.driver) : Json(nullptr)},
          {"accessible", card.access ? Json(card.access->allowed) : Json(nullptr)},
          {"bars", bars_json(card.bars)},
          {"link", link_json(card.link)},
          {"narrowest_link", link_json(card.narrowest_link)},
          {"narrowest_link_at", text_or_null(card.narrowest_link_at)},
          {"iommu_group", or_null(card.iommu_group)},
          {"iommu_type", or_null(card.iommu_type)},
          {"vram_bytes", or_null(card.vram_bytes)},
          {"discovery", discovery_json(card)}};
}

Json firmware_json(const Reading<FirmwareFacts>& reading) {
  if (!reading.value) return nullptr;
  Json files = Json::array(), folders = Json::array();
  for (const FirmwareFile& file : reading.value->files)
    files.push_back({{"name", file.name},
                     {"path", file.path ? Json(file.path->string()) : Json(nullptr)},
                     {"size_bytes", or_null(file.size_bytes)}});
  for (const auto& folder : reading.value->folders) folders.push_back(folder.string());
  return {{"synthetic", reading.value->synthetic},
          {"folders", std::move(folders)},
          {"files", std::move(files)},
          {"problem", text_or_null(reading.value->problem)}};
}

Json holder_json(const HolderFacts& holder) {
  return {{"pid", holder.pid},
          {"uid", holder.uid},
          {"command", holder.command},
          {"age_s", holder.age_s},
          {"arena_bytes", holder.arena_bytes},
          {"shared_bytes", holder.shared_bytes}};
}

Json daemon_json(const DaemonFacts& daemon) {
  constexpr std::array states{"absent", "denied", "silent", "incompatible", "answers"};
  const bool answers = daemon.state == DaemonFacts::State::answers;
  const auto if_known = [answers](Json value) { return answers ? value : Json(nullptr); };
  Json waiting = Json::array();
  for (const HolderFacts& holder : daemon.waiting) waiting.push_back(holder_json(holder));
  return {{"socket", daemon.socket.string()},
          {"state", states[static_cast<std::size_t>(daemon.state)]},
          {"problem", text_or_null(daemon.problem)},
          {"version", text_or_null(daemon.version)},
          {"card_name", text_or_null(daemon.card_name)},
          {"gfx_target", text_or_null(daemon.gfx_target)},
          {"bus_name", text_or_null(daemon.bus_name)},
          {"emulated", if_known(daemon.emulated)},
          {"compute_units", if_known(daemon.compute_units)},
          {"vram_bytes", if_known(daemon.vram_bytes)},
          {"arena_bytes", if_known(daemon.arena_bytes)},
          {"arena_free_bytes", if_known(daemon.arena_free_bytes)},
          {"ip_versions", if_known(daemon.ip_versions)},
          {"card_state", text_or_null(daemon.card_state)},
          {"uptime_s", if_known(daemon.uptime_s)},
          {"holder", daemon.holder ? holder_json(*daemon.holder) : Json(nullptr)},
          {"waiting", if_known(std::move(waiting))}};
}

Json test_json(const std::optional<TestFacts>& test) {
  if (!test) return nullptr;
  constexpr std::array outcomes{"passed", "failed", "busy", "lost", "helper_missing"};
  return {{"outcome", outcomes[static_cast<std::size_t>(test->outcome)]},
          {"problem", text_or_null(test->problem)},
          {"through_daemon", test->through_daemon},
          {"boot_kind", text_or_null(test->boot_kind)},
          {"boot_s", or_null(test->boot_s)},
          {"vram_checked_bytes", test->vram_checked_bytes},
          {"copied_bytes", test->copied_bytes},
          {"copy_bytes_per_s", test->copy_s > 0
                                   ? Json(static_cast<double>(test->copied_bytes) / test->copy_s)
                                   : Json(nullptr)},
          {"waves", test->waves}};
}

Json layer_json(const Layer& layer) {
  return {{"id", layer.id},
          {"title", layer.title},
          {"status", to_string(layer.status)},
          {"summary", layer.summary},
          {"notes", layer.notes}};
}

Json next_step_json(const std::optional<NextStep>& step) {
  if (!step) return nullptr;
  return {{"layer", step->layer}, {"text", step->text}, {"command", text_or_null(step->command)}};
}

template <class Element, class Function>
Json array_of(const std::vector<Element>& elements, Function function) {
  Json array = Json::array();
  for (const Element& element : elements) array.push_back(function(element));
  return array;
}

}  // namespace

std::string render_json(const Report& report) {
  const MachineFacts& facts = report.facts;
  const Json json = {
      {"schema_version", schema_version},
      {"program", "redbolt-device-probe " REDBOLT_VERSION},
      {"system", facts.system},
      {"device", or_null(facts.spec)},
      {"exit_code", static_cast<unsigned>(report.exit_code)},
      {"exit_reason", to_string(report.exit_code)},
      {"target", report.target ? Json(facts.cards[*report.target].address) : Json(nullptr)},
      {"target_is_daemons", report.target_is_daemons},
      {"layers", array_of(report.layers, layer_json)},
      {"next_step", next_step_json(report.next_step)},
      {"tunnels", array_of(facts.tunnels, tunnel_json)},
      {"cards", array_of(facts.cards, card_json)},
      {"firmware", firmware_json(facts.firmware)},
      {"test", test_json(facts.test)},
      {"daemon", daemon_json(facts.daemon)},
  };
  // Names come from outside and need not be UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace redbolt::probe
