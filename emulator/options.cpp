#include <array>
#include <charconv>
#include <functional>

#include "profile.hpp"
#include "redbolt/base/checked.hpp"
#include "redbolt/emulator/card.hpp"

namespace redbolt::emulator {
namespace {

[[noreturn]] void refuse(std::string_view key, std::string_view value, std::string_view wanted) {
  throw EmulatorError(EmulatorErrorCode::bad_option, "emulated card: " + std::string(key) + "=" +
                                                         std::string(value) + ": expected " +
                                                         std::string(wanted) + ".");
}

std::uint64_t parse_number(std::string_view key, std::string_view value, std::uint64_t largest) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number > largest) {
    refuse(key, value, "a number up to " + std::to_string(largest));
  }
  return number;
}

Bytes parse_size(std::string_view key, std::string_view value) {
  constexpr std::string_view suffixes = "KMG";
  const auto suffix = value.empty() ? std::string_view::npos : suffixes.find(value.back());
  const unsigned shift =
      suffix == std::string_view::npos ? 0 : 10 * (static_cast<unsigned>(suffix) + 1);
  const std::string_view digits = shift ? value.substr(0, value.size() - 1) : value;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const auto bytes = checked_multiply<std::uint64_t>(number, std::uint64_t{1} << shift);
  if (error != std::errc() || end != digits.data() + digits.size() || !bytes) {
    refuse(key, value, "a size such as 8G or 256M");
  }
  return Bytes(*bytes);
}

FirmwarePolicy parse_firmware_policy(std::string_view key, std::string_view value) {
  if (value == "strict") return FirmwarePolicy::strict;
  if (value == "unverified") return FirmwarePolicy::unverified;
  if (value != "automatic") refuse(key, value, "strict, unverified or automatic");
  return FirmwarePolicy::automatic;
}

bool parse_switch(std::string_view key, std::string_view value) {
  if (value == "1" || value == "on") return true;
  if (value == "0" || value == "off") return false;
  refuse(key, value, "on or off");
}

Profile parse_profile(std::string_view key, std::string_view value) {
  for (const Profile profile : {Profile::rx7900xtx, Profile::rx7900xt}) {
    if (value == facts_of(profile).option) return profile;
  }
  refuse(key, value, "rx7900xtx or rx7900xt");
}

double parse_scale(std::string_view key, std::string_view value) {
  double scale = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), scale);
  if (error != std::errc() || end != value.data() + value.size() || !(scale >= 0 && scale <= 100)) {
    refuse(key, value, "a factor from 0 to 100");
  }
  return scale;
}

struct Key {
  std::string_view name;
  void (*apply)(CardOptions&, std::string_view key, std::string_view value);
};

constexpr std::array keys{
    Key{"profile", [](CardOptions& o, std::string_view k,
                      std::string_view v) { o.profile = parse_profile(k, v); }},
    Key{"vram",
        [](CardOptions& o, std::string_view k, std::string_view v) { o.vram = parse_size(k, v); }},
    Key{"bar0",
        [](CardOptions& o, std::string_view k, std::string_view v) { o.bar0 = parse_size(k, v); }},
    Key{"bar0-max", [](CardOptions& o, std::string_view k,
                       std::string_view v) { o.bar0_max = parse_size(k, v); }},
    Key{"threads",
        [](CardOptions& o, std::string_view k, std::string_view v) {
          o.threads = static_cast<unsigned>(parse_number(k, v, 1024));
        }},
    Key{"seed", [](CardOptions& o, std::string_view k,
                   std::string_view v) { o.seed = parse_number(k, v, ~0ull); }},
    Key{"scatter", [](CardOptions& o, std::string_view k,
                      std::string_view v) { o.scatter_host_pages = parse_switch(k, v); }},
    Key{"hdp",
        [](CardOptions& o, std::string_view k, std::string_view v) {
          if (v != "strict" && v != "coherent") refuse(k, v, "strict or coherent");
          o.strict_hdp = v == "strict";
        }},
    Key{"firmware", [](CardOptions& o, std::string_view k,
                       std::string_view v) { o.firmware = parse_firmware_policy(k, v); }},
    Key{"latency", [](CardOptions& o, std::string_view k,
                      std::string_view v) { o.latency_scale = parse_scale(k, v); }},
    Key{"fault", [](CardOptions& o, std::string_view,
                    std::string_view v) { o.faults = parse_fault_plan(v); }},
};

void apply(CardOptions& options, std::string_view setting) {
  const auto equals = setting.find('=');
  const std::string_view name = setting.substr(0, equals);
  for (const Key& key : keys) {
    if (key.name != name) continue;
    if (equals == std::string_view::npos)
      refuse(name, "", "a value, as in " + std::string(name) + "=...");
    key.apply(options, name, setting.substr(equals + 1));
    return;
  }
  throw EmulatorError(EmulatorErrorCode::unknown_option, "emulated card: there is no option \"" +
                                                             std::string(name) + "\".\n" +
                                                             std::string(card_options_help()));
}

}  // namespace

CardOptions parse_card_options(std::string_view text) {
  CardOptions options;
  while (!text.empty()) {
    const auto comma = text.find(',');
    apply(options, text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return options;
}

std::string_view card_options_help() {
  return "  profile=rx7900xtx|rx7900xt   which board (default rx7900xtx)\n"
         "  vram=SIZE                    fitted memory, 256M to 32G (default: the board's)\n"
         "  bar0=SIZE                    size of BAR0 at power-on (default: the largest)\n"
         "  bar0-max=SIZE                largest size BAR0 can be resized to (default: as VRAM "
         "needs)\n"
         "  threads=N                    host threads that run waves (default: one per core)\n"
         "  seed=N                       for what is arbitrary on a card (default 1)\n"
         "  scatter=on|off               host pages get unrelated bus addresses (default off)\n"
         "  hdp=strict|coherent          strict: BAR0 writes reach engines only after an HDP "
         "flush\n"
         "  firmware=strict|unverified|automatic   unverified: accept images without checking "
         "their\n"
         "                               content; automatic: check synthetic ones (default "
         "strict)\n"
         "  latency=FACTOR               scales how long the card's controllers take (default 1)\n"
         "  fault=PLAN                   what goes wrong and when, such as "
         "hang-wave@n=5;unplug@2s+1s\n";
}

}  // namespace redbolt::emulator
