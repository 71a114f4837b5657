#include "packets/sdma_processor.hpp"

#include <sstream>

#include "packets/queue_error.hpp"

namespace redbolt::emulator {
namespace {

namespace field {
constexpr PacketField operation{0, 0, 7};
constexpr PacketField sub_operation{0, 8, 15};
constexpr PacketField nop_count{0, 16, 29};
constexpr PacketField copy_broadcast{0, 27, 27};
constexpr PacketField write_count{3, 0, 19};

constexpr PacketField indirect_vmid{0, 16, 19};
constexpr PacketField64 indirect_base{1};
constexpr PacketField indirect_size{3, 0, 19};

constexpr PacketField64 condition_address{1};
constexpr PacketField condition_reference{3};
constexpr PacketField condition_count{4, 0, 13};

constexpr PacketField srbm_byte_enable{0, 28, 31};
constexpr PacketField srbm_address{1, 0, 17};
constexpr PacketField srbm_data{2};
}  // namespace field

// Operations, as in sdma_opcodes.csv.
enum Operation : std::uint8_t {
  op_nop = 0,
  op_copy = 1,
  op_write = 2,
  op_indirect = 4,
  op_fence = 5,
  op_trap = 6,
  op_poll_regmem = 8,
  op_cond_exe = 9,
  op_atomic = 10,
  op_constant_fill = 11,
  op_ptepde = 12,
  op_timestamp = 13,
  op_srbm_write = 14,
  op_gcr_request = 17,
  op_dummy_trap = 32,
};

constexpr std::uint8_t sub_window = 4;  // SUBOP_COPY_LINEAR_SUB_WIND
constexpr std::size_t broadcast_copy_dwords = 9;
constexpr std::uint64_t indirect_buffer_alignment = 32;
constexpr std::uint64_t indirect_packet_end_alignment = 8;  // dwords

}  // namespace

SdmaProcessor::SdmaProcessor(SdmaHost& host, unsigned vmid, std::stop_token stop)
    : host_(host), stop_(std::move(stop)), queue_vmid_(vmid), vmid_(vmid) {}

std::span<const SdmaProcessor::Definition> SdmaProcessor::definitions() {
  static constexpr Definition table[] = {
      {op_nop, 0, "NOP", 1, &SdmaProcessor::nop},
      {op_copy, 0, "COPY_LINEAR", 7, &SdmaProcessor::copy_linear},
      {op_copy, sub_window, "COPY_LINEAR_SUBWIN", 13, &SdmaProcessor::copy_sub_window},
      {op_write, 0, "WRITE_UNTILED", 4, &SdmaProcessor::write_linear},
      {op_indirect, 0, "INDIRECT", 6, &SdmaProcessor::indirect},
      {op_fence, 0, "FENCE", 4, &SdmaProcessor::fence},
      {op_trap, 0, "TRAP", 2, &SdmaProcessor::trap},
      {op_poll_regmem, 0, "POLL_REGMEM", 6, &SdmaProcessor::poll_regmem},
      {op_poll_regmem, 1, "POLL_REG_WRITE_MEM", 4, &SdmaProcessor::poll_register_write_memory},
      {op_cond_exe, 0, "COND_EXE", 5, &SdmaProcessor::cond_exe},
      {op_atomic, 0, "ATOMIC", 8, &SdmaProcessor::atomic},
      {op_constant_fill, 0, "CONSTANT_FILL", 5, &SdmaProcessor::constant_fill},
      {op_ptepde, 0, "WRITE_INCR", 10, &SdmaProcessor::generate_entries},
      {op_timestamp, 0, "TIMESTAMP_SET", 3, &SdmaProcessor::timestamp_set},
      {op_timestamp, 1, "TIMESTAMP_GET", 3, &SdmaProcessor::timestamp_get},
      {op_timestamp, 2, "TIMESTAMP_GET_GLOBAL", 3, &SdmaProcessor::timestamp_get},
      {op_srbm_write, 0, "SRBM_WRITE", 3, &SdmaProcessor::srbm_write},
      {op_gcr_request, 0, "GCR_REQ", 5, &SdmaProcessor::cache_request},
      {op_gcr_request, 1, "GCR_REQ", 5, &SdmaProcessor::cache_request},
      {op_dummy_trap, 0, "DUMMY_TRAP", 2, &SdmaProcessor::trap},
  };
  return table;
}

const char* SdmaProcessor::packet_name(std::uint8_t operation) {
  for (const Definition& definition : definitions()) {
    if (definition.operation == operation) return definition.name;
  }
  return nullptr;
}

const SdmaProcessor::Definition& SdmaProcessor::find(std::uint32_t header) {
  const Packet packet(&header, 1);
  const std::uint32_t operation = field::operation.of(packet);
  const std::uint32_t sub_operation = field::sub_operation.of(packet);
  for (const Definition& definition : definitions()) {
    if (definition.operation == operation && definition.sub_operation == sub_operation) {
      return definition;
    }
  }
  std::ostringstream text;
  text << "SDMA packet with operation " << operation << ", sub-operation " << sub_operation
       << " (header 0x" << std::hex << header << ") is not supported";
  throw QueueError(QueueErrorKind::bad_opcode, text.str());
}

std::optional<std::size_t> SdmaProcessor::packet_length(PacketStream& stream,
                                                        const Definition& definition) {
  const Packet header = stream.peek(1);
  std::size_t length = definition.dwords;
  if (definition.operation == op_nop) length += field::nop_count.of(header);
  if (definition.operation == op_copy && definition.sub_operation == 0 &&
      field::copy_broadcast.of(header) != 0) {
    length = broadcast_copy_dwords;
  }
  if (definition.operation == op_write && stream.available() >= definition.dwords) {
    length += std::size_t{field::write_count.of(stream.peek(definition.dwords))} + 1;
  }
  const std::uint64_t limit = stream.is_ring() ? stream.capacity() : stream.available();
  if (length > limit) {
    std::ostringstream text;
    text << definition.name << " of " << length << " dwords does not fit into its "
         << (stream.is_ring() ? "ring" : "indirect buffer") << ", which has " << limit << " for it";
    throw QueueError(QueueErrorKind::bad_packet, text.str());
  }
  if (stream.available() < length) return std::nullopt;
  return length;
}

bool SdmaProcessor::step(PacketStream& stream) {
  if (stop_.stop_requested()) throw QueueError(QueueErrorKind::aborted, "the queue was reset");
  if (!stream.finish_skip() || stream.available() == 0) return false;
  const Definition& definition = find(stream.peek(1)[0]);
  const auto length = packet_length(stream, definition);
  if (!length) return false;
  const Packet packet = stream.peek(*length);
  stream.advance(*length);
  host_.count_packet(definition.operation);
  stream_ = &stream;
  (this->*definition.handler)(packet);
  return true;
}

void SdmaProcessor::nop(Packet) {}

// Memory of the emulated card has no caches that could hold stale data between packets.
void SdmaProcessor::cache_request(Packet) {}

void SdmaProcessor::indirect(Packet packet) {
  const std::uint64_t base = field::indirect_base.of(packet);
  const std::uint32_t size = field::indirect_size.of(packet);
  if (!host_.indirect_buffers_enabled()) {
    throw QueueError(QueueErrorKind::bad_packet,
                     "INDIRECT on a queue whose IB_CNTL.ib_enable is 0");
  }
  if (in_indirect_buffer_) {
    throw QueueError(QueueErrorKind::bad_packet, "INDIRECT inside an indirect buffer");
  }
  if (base % indirect_buffer_alignment != 0) {
    throw QueueError(QueueErrorKind::bad_packet, "INDIRECT whose buffer is not aligned to 32 bytes",
                     base);
  }
  if (stream_->position() % indirect_packet_end_alignment != 0) {
    throw QueueError(QueueErrorKind::bad_packet,
                     "INDIRECT does not end on an 8-dword boundary of the ring");
  }
  if (size == 0) throw QueueError(QueueErrorKind::bad_packet, "INDIRECT of no dwords");

  PacketStream* const caller = stream_;
  const std::uint32_t vmid = field::indirect_vmid.of(packet);
  vmid_ = vmid != 0 ? vmid : queue_vmid_;
  in_indirect_buffer_ = true;
  PacketStream buffer = PacketStream::buffer(memory(), base, size);
  while (step(buffer)) {
  }
  in_indirect_buffer_ = false;
  vmid_ = queue_vmid_;
  stream_ = caller;
}

void SdmaProcessor::cond_exe(Packet packet) {
  const std::uint64_t address = field::condition_address.of(packet) & ~std::uint64_t{3};
  if (memory().read32(address) != field::condition_reference.of(packet)) {
    stream_->skip(field::condition_count.of(packet));
  }
}

void SdmaProcessor::srbm_write(Packet packet) {
  const std::uint32_t enabled = field::srbm_byte_enable.of(packet);
  const std::uint32_t address = field::srbm_address.of(packet);
  std::uint32_t mask = 0;
  for (unsigned byte = 0; byte < 4; ++byte) {
    if ((enabled >> byte & 1) != 0) mask |= 0xffu << byte * 8;
  }
  std::uint32_t value = field::srbm_data.of(packet);
  if (mask != 0xffffffffu) value = (host_.read_register(address) & ~mask) | (value & mask);
  host_.write_register(address, value);
}

}  // namespace redbolt::emulator
