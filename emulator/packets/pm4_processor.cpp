#include "packets/pm4_processor.hpp"

#include <algorithm>
#include <iterator>
#include <sstream>

#include "packets/queue_error.hpp"

namespace redbolt::emulator {
namespace {

namespace field {
constexpr PacketField type{0, 30, 31};
constexpr PacketField count{0, 16, 29};
constexpr PacketField opcode{0, 8, 15};
constexpr PacketField register_offset{1, 0, 15};
constexpr PacketField register_vmid_shift{1, 23, 27};
constexpr PacketField register_index{1, 28, 31};
constexpr PacketField64 buffer_base{1};
constexpr PacketField buffer_size{3, 0, 19};
constexpr PacketField buffer_chain{3, 20, 20};
constexpr PacketField buffer_valid{3, 23, 23};
constexpr PacketField buffer_vmid{3, 24, 27};
constexpr PacketField64 condition_address{1};
constexpr PacketField condition_count{4, 0, 13};
constexpr PacketField64 arguments_address{1};
}  // namespace field

constexpr std::uint32_t index_insert_vmid = 1;

}  // namespace

Pm4Processor::Pm4Processor(Pm4Host& host, unsigned vmid, std::stop_token stop)
    : host_(host), stop_(std::move(stop)), queue_vmid_(vmid), vmid_(vmid) {}

const Pm4Processor::Definition* Pm4Processor::find(std::uint8_t opcode) {
  using pm4::Opcode;
  static constexpr Definition definitions[] = {
      {Opcode::nop, "NOP", 1, &Pm4Processor::nop},
      {Opcode::dispatch_direct, "DISPATCH_DIRECT", 5, &Pm4Processor::dispatch_direct},
      {Opcode::dispatch_indirect, "DISPATCH_INDIRECT", 4, &Pm4Processor::dispatch_indirect},
      {Opcode::atomic_mem, "ATOMIC_MEM", 9, &Pm4Processor::atomic_mem},
      {Opcode::cond_exec, "COND_EXEC", 5, &Pm4Processor::cond_exec},
      {Opcode::write_data, "WRITE_DATA", 5, &Pm4Processor::write_data},
      {Opcode::wait_reg_mem, "WAIT_REG_MEM", 7, &Pm4Processor::wait_reg_mem},
      {Opcode::indirect_buffer, "INDIRECT_BUFFER", 4, &Pm4Processor::indirect_buffer},
      {Opcode::copy_data, "COPY_DATA", 6, &Pm4Processor::copy_data},
      {Opcode::cond_write, "COND_WRITE", 9, &Pm4Processor::cond_write},
      {Opcode::event_write, "EVENT_WRITE", 2, &Pm4Processor::event_write},
      {Opcode::release_mem, "RELEASE_MEM", 8, &Pm4Processor::release_mem},
      {Opcode::dma_data, "DMA_DATA", 7, &Pm4Processor::dma_data},
      {Opcode::acquire_mem, "ACQUIRE_MEM", 8, &Pm4Processor::acquire_mem},
      {Opcode::set_sh_reg, "SET_SH_REG", 3, &Pm4Processor::set_sh_reg},
      {Opcode::set_uconfig_reg, "SET_UCONFIG_REG", 3, &Pm4Processor::set_uconfig_reg},
      {Opcode::set_uconfig_reg_index, "SET_UCONFIG_REG_INDEX", 3, &Pm4Processor::set_uconfig_reg},
      {Opcode::wait_reg_mem64, "WAIT_REG_MEM64", 9, &Pm4Processor::wait_reg_mem64},
      {Opcode::set_sh_reg_index, "SET_SH_REG_INDEX", 3, &Pm4Processor::set_sh_reg},
  };
  static const auto by_opcode = [] {
    std::array<const Definition*, 256> table{};
    for (const Definition& definition : definitions) {
      table[static_cast<std::size_t>(definition.opcode)] = &definition;
    }
    return table;
  }();
  return by_opcode[opcode];
}

const char* Pm4Processor::packet_name(std::uint8_t opcode) {
  const Definition* definition = find(opcode);
  return definition == nullptr ? nullptr : definition->name;
}

std::size_t Pm4Processor::packet_length(PacketStream& stream, std::uint32_t header) const {
  const Packet packet(&header, 1);
  const std::uint32_t type = field::type.of(packet);
  if (type == pm4::type2) return 1;
  if (type != pm4::type3) {
    std::ostringstream text;
    text << "0x" << std::hex << header << " is no packet header: packet type " << type
         << " does not exist on this engine";
    throw QueueError(QueueErrorKind::bad_packet, text.str());
  }
  const std::uint32_t count = field::count.of(packet);
  const bool is_nop = field::opcode.of(packet) == static_cast<std::uint32_t>(pm4::Opcode::nop);
  if (is_nop && count == pm4::nop_header_only) return 1;
  const std::size_t length = count + 2;
  const std::uint64_t limit = stream.is_ring() ? stream.capacity() : stream.available();
  if (length > limit) {
    std::ostringstream text;
    text << "a packet of " << length << " dwords (header 0x" << std::hex << header << std::dec
         << ") does not fit into its " << (stream.is_ring() ? "ring" : "indirect buffer")
         << ", which has " << limit << " for it";
    throw QueueError(QueueErrorKind::bad_packet, text.str());
  }
  return length;
}

bool Pm4Processor::step(PacketStream& stream) {
  if (stop_.stop_requested()) throw QueueError(QueueErrorKind::aborted, "the queue was reset");
  if (!stream.finish_skip() || stream.available() == 0) return false;
  const std::uint32_t header = stream.peek(1)[0];
  const std::size_t length = packet_length(stream, header);
  if (length > stream.available()) return false;
  const Packet packet = stream.peek(length);
  stream.advance(length);
  if (field::type.of(packet) == pm4::type2) return true;

  const std::uint8_t opcode = static_cast<std::uint8_t>(field::opcode.of(packet));
  const Definition* definition = find(opcode);
  if (definition == nullptr) {
    std::ostringstream text;
    text << "packet with opcode 0x" << std::hex << unsigned{opcode}
         << " does not exist on this engine";
    throw QueueError(QueueErrorKind::bad_opcode, text.str());
  }
  if (packet.size() < definition->dwords) {
    std::ostringstream text;
    text << definition->name << " has " << packet.size() << " dwords and needs "
         << definition->dwords;
    throw QueueError(QueueErrorKind::bad_packet, text.str());
  }
  host_.count_packet(opcode);
  if (stream.is_ring() || in_indirect_buffer_) host_.packet_begins(stream);
  stream_ = &stream;
  (this->*definition->handler)(packet);
  return true;
}

void Pm4Processor::nop(Packet) {}

void Pm4Processor::set_sh_reg(Packet packet) {
  set_registers(packet, pm4::sh_registers_first, pm4::sh_registers_count);
}

void Pm4Processor::set_uconfig_reg(Packet packet) {
  set_registers(packet, pm4::uconfig_registers_first, pm4::uconfig_registers_count);
}

void Pm4Processor::set_registers(Packet packet, std::uint32_t first, std::uint32_t count) {
  const std::uint32_t offset = field::register_offset.of(packet);
  const Packet values = packet.subspan(2);
  if (offset + values.size() > count) {
    std::ostringstream text;
    text << "registers 0x" << std::hex << first + offset << " to 0x"
         << first + offset + values.size() - 1 << " are outside the window of their packet";
    throw QueueError(QueueErrorKind::privileged_register, text.str());
  }
  const bool insert_vmid = field::register_index.of(packet) == index_insert_vmid;
  const std::uint32_t shift = field::register_vmid_shift.of(packet);
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint32_t value = values[i];
    if (insert_vmid) value = (value & ~(0xfu << shift)) | vmid_ << shift;
    write_register(static_cast<std::uint32_t>(first + offset + i), value);
  }
}

// The ring may call a buffer; a buffer may go on in another (chain) but not call one: the engine
// has one set of IB registers (CP_HQD_IB_*).
void Pm4Processor::indirect_buffer(Packet packet) {
  const std::uint64_t base = field::buffer_base.of(packet) & ~std::uint64_t{3};
  const std::uint32_t size = field::buffer_size.of(packet);
  const bool chain = field::buffer_chain.of(packet) != 0;
  if (field::buffer_valid.of(packet) == 0) {
    throw QueueError(QueueErrorKind::bad_packet, "INDIRECT_BUFFER without its VALID bit");
  }
  if (size == 0) throw QueueError(QueueErrorKind::bad_packet, "INDIRECT_BUFFER of no dwords");
  if (chain != in_indirect_buffer_) {
    throw QueueError(QueueErrorKind::bad_packet,
                     chain ? "INDIRECT_BUFFER with CHAIN outside an indirect buffer"
                           : "INDIRECT_BUFFER inside an indirect buffer without CHAIN");
  }
  const std::uint32_t vmid = field::buffer_vmid.of(packet);
  const unsigned buffer_vmid = vmid != 0 ? vmid : queue_vmid_;
  if (chain) {
    vmid_ = buffer_vmid;
    *stream_ = PacketStream::buffer(memory(), base, size);
    return;
  }

  PacketStream* const caller = stream_;
  in_indirect_buffer_ = true;
  vmid_ = buffer_vmid;
  PacketStream buffer = PacketStream::buffer(memory(), base, size);
  while (step(buffer)) {
  }
  in_indirect_buffer_ = false;
  vmid_ = queue_vmid_;
  stream_ = caller;
}

void Pm4Processor::cond_exec(Packet packet) {
  const std::uint64_t address = field::condition_address.of(packet) & ~std::uint64_t{3};
  if (memory().read32(address) == 0) stream_->skip(field::condition_count.of(packet));
}

void Pm4Processor::dispatch_direct(Packet packet) {
  host_.dispatch(sh_registers_, {packet[1], packet[2], packet[3]}, packet[4], vmid_);
}

void Pm4Processor::dispatch_indirect(Packet packet) {
  const std::uint64_t address = field::arguments_address.of(packet) & ~std::uint64_t{3};
  std::array<std::uint32_t, 3> dimensions{};
  memory().read(address, std::as_writable_bytes(std::span(dimensions)));
  host_.dispatch(sh_registers_, dimensions, packet[3], vmid_);
}

std::uint32_t Pm4Processor::read_register(std::uint32_t address) {
  const std::uint32_t offset = address - pm4::sh_registers_first;
  return offset < sh_registers_.size() ? sh_registers_[offset] : host_.read_register(address);
}

void Pm4Processor::write_register(std::uint32_t address, std::uint32_t value) {
  const std::uint32_t offset = address - pm4::sh_registers_first;
  if (offset < sh_registers_.size()) {
    sh_registers_[offset] = value;
  } else {
    host_.write_register(address, value);
  }
}

}  // namespace redbolt::emulator
