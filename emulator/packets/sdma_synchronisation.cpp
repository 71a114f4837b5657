// SDMA packets that order work: fences, traps, polls, timestamps.
#include "packets/comparison.hpp"
#include "packets/sdma_processor.hpp"

namespace redbolt::emulator {
namespace {

namespace field {
constexpr PacketField64 fence_address{1};
constexpr PacketField fence_data{3};

constexpr PacketField trap_context{1, 0, 27};

constexpr PacketField poll_hdp_flush{0, 26, 26};
constexpr PacketField poll_function{0, 28, 30};
constexpr PacketField poll_memory{0, 31, 31};
constexpr PacketField64 poll_address{1};
constexpr PacketField poll_register{1, 2, 31};        // byte address / 4
constexpr PacketField poll_flush_register{2, 2, 31};  // the same, of what starts the flush
constexpr PacketField poll_value{3};
constexpr PacketField poll_mask{4};
constexpr PacketField poll_retries{5, 16, 27};

constexpr PacketField read_register{1, 2, 31};
constexpr PacketField64 read_destination{2};

constexpr PacketField64 timestamp_value{1};
constexpr PacketField timestamp_is_global{0, 9, 9};  // sub-operation 2, not 1
}  // namespace field

constexpr std::uint32_t retry_forever = 0xfff;

}  // namespace

void SdmaProcessor::fence(Packet packet) {
  if (!host_.fence_passes()) return;
  memory().write32(field::fence_address.of(packet) & ~std::uint64_t{3},
                   field::fence_data.of(packet));
  host_.count_fence();
}

void SdmaProcessor::trap(Packet packet) {
  host_.trap(field::trap_context.of(packet), vmid_);
}

void SdmaProcessor::poll_regmem(Packet packet) {
  const std::uint32_t function = field::poll_function.of(packet);
  if (function >= comparison_count) reject_packet("POLL_REGMEM", "func", function);
  const Comparison comparison = static_cast<Comparison>(function);
  const std::uint32_t value = field::poll_value.of(packet);
  const std::uint32_t mask = field::poll_mask.of(packet);
  const std::uint32_t retry_count = field::poll_retries.of(packet);
  std::optional<std::uint64_t> retries;
  if (retry_count != retry_forever) retries = retry_count;

  if (field::poll_memory.of(packet) != 0) {
    const std::uint64_t address = field::poll_address.of(packet) & ~std::uint64_t{3};
    wait_until(retries, [&] { return holds(comparison, memory().read32(address) & mask, value); });
    return;
  }
  if (field::poll_hdp_flush.of(packet) != 0) {
    host_.write_register(field::poll_flush_register.of(packet), value);
  }
  const std::uint32_t polled = field::poll_register.of(packet);
  wait_until(retries, [&] { return holds(comparison, host_.read_register(polled) & mask, value); });
}

void SdmaProcessor::poll_register_write_memory(Packet packet) {
  const std::uint32_t value = host_.read_register(field::read_register.of(packet));
  memory().write32(field::read_destination.of(packet) & ~std::uint64_t{3}, value);
}

void SdmaProcessor::timestamp_set(Packet packet) {
  timestamp_base_ = field::timestamp_value.of(packet) - host_.clock();
}

void SdmaProcessor::timestamp_get(Packet packet) {
  const bool global = field::timestamp_is_global.of(packet) != 0;
  const std::uint64_t value = host_.clock() + (global ? 0 : timestamp_base_);
  memory().write64(field::timestamp_value.of(packet) & ~std::uint64_t{7}, value);
}

}  // namespace redbolt::emulator
