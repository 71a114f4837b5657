#include "packets/queue_error.hpp"

namespace redbolt::emulator {

void reject_packet(const char* packet, const char* what, std::uint32_t value) {
  throw QueueError(QueueErrorKind::bad_packet, std::string(packet) + " with " + what + " " +
                                                   std::to_string(value) +
                                                   ", which this engine does not have");
}

}  // namespace redbolt::emulator
