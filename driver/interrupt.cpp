#include "redbolt/driver/interrupt.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "interrupt_handler.hpp"

namespace redbolt::driver {
namespace {

// Senders and sources (card/ih_ids.csv of the reference tables).
constexpr unsigned kGraphicsClient = 10;  // SOC21_IH_CLIENTID_GFX
constexpr unsigned kMemoryClient = 18;    // SOC21_IH_CLIENTID_VMC
constexpr unsigned kCommandClient = 20;   // SOC21_IH_CLIENTID_GRBM_CP

struct Meaning {
  unsigned client, first_source, last_source;
  InterruptKind kind;
};
constexpr std::array meanings = {
    Meaning{kGraphicsClient, 0, 1, InterruptKind::memory_fault},  // UTCL2_FAULT, DATA_POISONING
    Meaning{kMemoryClient, 0, 1, InterruptKind::memory_fault},
    Meaning{kGraphicsClient, 49, 49, InterruptKind::end_of_pipe},  // SDMA_TRAP
    Meaning{kGraphicsClient, 54, 66, InterruptKind::queue_fault},  // SDMA_DOORBELL_INVALID ...
    Meaning{kGraphicsClient, 67, 67, InterruptKind::end_of_pipe},  // SDMA_FENCE
    Meaning{kGraphicsClient, 239, 239, InterruptKind::illegal_instruction},  // SQ_INTERRUPT_ID
    Meaning{kCommandClient, 180, 180, InterruptKind::bad_packet},   // CP_PM4_PKT_RSVD_BIT_ERROR
    Meaning{kCommandClient, 181, 181, InterruptKind::end_of_pipe},  // CP_EOP_INTERRUPT
    Meaning{kCommandClient, 183, 183, InterruptKind::bad_packet},   // CP_BAD_OPCODE_ERROR
    Meaning{kCommandClient, 184, 184, InterruptKind::privileged_register},
    Meaning{kCommandClient, 185, 185, InterruptKind::illegal_instruction},
    Meaning{kCommandClient, 239, 239, InterruptKind::illegal_instruction},
};

// SQ_INTERRUPT of an error carries its type in bits 24..21 of the first context word.
constexpr unsigned kShaderInterrupt = 239;
constexpr std::uint32_t kMemoryViolation = 2;
constexpr std::uint32_t shader_error(std::uint32_t context) {
  return context >> 21 & 0xf;
}

InterruptKind kind_of(unsigned client, unsigned source) {
  const auto found = std::ranges::find_if(meanings, [&](const Meaning& meaning) {
    return meaning.client == client && source >= meaning.first_source &&
           source <= meaning.last_source;
  });
  return found == meanings.end() ? InterruptKind::other : found->kind;
}

}  // namespace

const char* to_string(InterruptKind kind) {
  constexpr std::array names = {
      "memory_fault",        "illegal_instruction", "memory_violation", "bad_packet",
      "privileged_register", "queue_fault",         "end_of_pipe",      "other"};
  const auto index = static_cast<std::size_t>(kind);
  return index < names.size() ? names[index] : "unknown";
}

Interrupt decode_interrupt(std::span<const std::byte, kInterruptEntrySize> entry) {
  std::array<std::uint32_t, kInterruptEntrySize / 4> words{};
  std::memcpy(words.data(), entry.data(), entry.size());
  Interrupt interrupt;
  interrupt.client = words[0] & 0xff;
  interrupt.source = words[0] >> 8 & 0xff;
  interrupt.ring = words[0] >> 16 & 0xff;
  interrupt.vmid = words[0] >> 24 & 0xf;
  interrupt.timestamp = std::uint64_t{words[2] & 0xffff} << 32 | words[1];
  interrupt.pasid = words[3] & 0xffff;
  std::copy(words.begin() + 4, words.end(), interrupt.context.begin());
  interrupt.kind = kind_of(interrupt.client, interrupt.source);
  if (interrupt.source == kShaderInterrupt &&
      interrupt.kind == InterruptKind::illegal_instruction &&
      shader_error(interrupt.context[0]) == kMemoryViolation) {
    // The hub that refused the access has reported its address in an entry of its own.
    interrupt.kind = InterruptKind::memory_violation;
  }
  if (interrupt.kind == InterruptKind::memory_fault) {
    interrupt.address = GpuAddress(std::uint64_t{interrupt.context[0]} << 12 |
                                   std::uint64_t{interrupt.context[1] & 0xf} << 44);
  }
  return interrupt;
}

std::string Interrupt::describe() const {
  char text[160];
  switch (kind) {
    case InterruptKind::memory_fault:
      std::snprintf(text, sizeof(text), "memory fault: %s 0x%llx (vmid %u)",
                    write ? "write to" : "access to",
                    static_cast<unsigned long long>(address.value()), vmid);
      break;
    case InterruptKind::illegal_instruction:
      std::snprintf(text, sizeof(text), "a wave met an illegal instruction (context 0x%x 0x%x)",
                    context[0], context[1]);
      break;
    default: {
      std::string name = to_string(kind);
      std::ranges::replace(name, '_', ' ');
      std::snprintf(text, sizeof(text), "%s (client %u, source %u, context 0x%x 0x%x)",
                    name.c_str(), client, source, context[0], context[1]);
    }
  }
  return text;
}

}  // namespace redbolt::driver
