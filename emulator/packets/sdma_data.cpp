// SDMA packets that move data.
#include <array>

#include "packets/atomic_operation.hpp"
#include "packets/sdma_processor.hpp"

namespace redbolt::emulator {
namespace {

namespace field {
constexpr PacketField copy_backwards{0, 25, 25};
constexpr PacketField copy_broadcast{0, 27, 27};
constexpr PacketField copy_count{1, 0, 29};
constexpr PacketField64 copy_source{3};
constexpr PacketField64 copy_destination{5};
constexpr PacketField64 copy_second_destination{7};

constexpr PacketField64 write_destination{1};

constexpr PacketField fill_size{0, 30, 31};
constexpr PacketField64 fill_destination{1};
constexpr PacketField fill_data{3};
constexpr PacketField fill_count{4, 0, 29};

constexpr PacketField64 entries_destination{1};
constexpr PacketField64 entries_mask{3};
constexpr PacketField64 entries_first{5};
constexpr PacketField64 entries_increment{7};
constexpr PacketField entries_count{9, 0, 18};

constexpr PacketField atomic_loop{0, 16, 16};
constexpr PacketField atomic_operation{0, 25, 31};
constexpr PacketField64 atomic_address{1};
constexpr PacketField64 atomic_source{3};
constexpr PacketField64 atomic_compare{5};

// Places in elements. Pitches and the rectangle's sides are one less than what they mean.
constexpr PacketField window_element{0, 29, 31};  // log2 of bytes
struct WindowSide {
  PacketField64 address;
  PacketField x, y, z, pitch, slice_pitch;
};
constexpr WindowSide window_source{{1},        {3, 0, 13},  {3, 16, 29},
                                   {4, 0, 12}, {4, 13, 31}, {5, 0, 27}};
constexpr WindowSide window_destination{{6},        {8, 0, 13},  {8, 16, 29},
                                        {9, 0, 12}, {9, 13, 31}, {10, 0, 27}};
constexpr PacketField window_width{11, 0, 13};
constexpr PacketField window_height{11, 16, 29};
constexpr PacketField window_depth{12, 0, 12};
}  // namespace field

// Where a row of a window begins.
std::uint64_t row_of(const field::WindowSide& side, Packet packet, std::uint64_t row,
                     std::uint64_t slice, unsigned log2_bytes) {
  const std::uint64_t pitch = std::uint64_t{side.pitch.of(packet)} + 1;
  const std::uint64_t slice_pitch = std::uint64_t{side.slice_pitch.of(packet)} + 1;
  const std::uint64_t elements = side.x.of(packet) + (side.y.of(packet) + row) * pitch +
                                 (side.z.of(packet) + slice) * slice_pitch;
  return side.address.of(packet) + (elements << log2_bytes);
}

// CONSTANT_FILL.fillsize: log2 of the bytes of the constant; 3 is reserved.
constexpr std::uint32_t largest_fill_size = 2;
// COPY_LINEAR_SUBWIN.elementsize: 16 bytes.
constexpr std::uint32_t largest_element = 4;

}  // namespace

void SdmaProcessor::copy_linear(Packet packet) {
  const std::uint64_t bytes = std::uint64_t{field::copy_count.of(packet)} + 1;
  const std::uint64_t source = field::copy_source.of(packet);
  DataMover mover(memory(), stop_);
  const auto copy_to = [&](std::uint64_t destination) {
    if (field::copy_backwards.of(packet) != 0) {
      mover.copy_backwards(destination, source, bytes);
    } else {
      mover.copy(destination, source, bytes);
    }
    host_.count_bytes(bytes);
  };
  copy_to(field::copy_destination.of(packet));
  if (field::copy_broadcast.of(packet) != 0) copy_to(field::copy_second_destination.of(packet));
}

void SdmaProcessor::copy_sub_window(Packet packet) {
  const std::uint32_t log2_bytes = field::window_element.of(packet);
  if (log2_bytes > largest_element) reject_packet("COPY_LINEAR_SUBWIN", "elementsize", log2_bytes);
  const std::uint64_t row_bytes = (std::uint64_t{field::window_width.of(packet)} + 1) << log2_bytes;
  const std::uint64_t rows = std::uint64_t{field::window_height.of(packet)} + 1;
  const std::uint64_t slices = std::uint64_t{field::window_depth.of(packet)} + 1;
  DataMover mover(memory(), stop_);
  for (std::uint64_t slice = 0; slice < slices; ++slice) {
    for (std::uint64_t row = 0; row < rows; ++row) {
      mover.copy(row_of(field::window_destination, packet, row, slice, log2_bytes),
                 row_of(field::window_source, packet, row, slice, log2_bytes), row_bytes);
    }
  }
  host_.count_bytes(row_bytes * rows * slices);
}

void SdmaProcessor::write_linear(Packet packet) {
  std::uint64_t address = field::write_destination.of(packet) & ~std::uint64_t{3};
  const Packet values = packet.subspan(4);
  for (const std::uint32_t value : values) {
    memory().write32(address, value);
    address += sizeof(value);
  }
  host_.count_bytes(values.size_bytes());
}

void SdmaProcessor::constant_fill(Packet packet) {
  const std::uint32_t size = field::fill_size.of(packet);
  if (size > largest_fill_size) reject_packet("CONSTANT_FILL", "fillsize", size);
  const std::uint64_t bytes = std::uint64_t{field::fill_count.of(packet)} + 1;
  const unsigned unit = 1u << size;
  if (bytes % unit != 0 || field::fill_destination.of(packet) % unit != 0) {
    throw QueueError(QueueErrorKind::bad_packet,
                     "CONSTANT_FILL whose address or length is not a multiple of its constant",
                     field::fill_destination.of(packet));
  }
  DataMover(memory(), stop_)
      .fill(field::fill_destination.of(packet), field::fill_data.of(packet), unit, bytes);
  host_.count_bytes(bytes);
}

// Page-table entries: first, first + increment, ... each with the mask's bits set.
void SdmaProcessor::generate_entries(Packet packet) {
  const std::uint64_t count = std::uint64_t{field::entries_count.of(packet)} + 1;
  const std::uint64_t destination = field::entries_destination.of(packet) & ~std::uint64_t{7};
  std::uint64_t entry = field::entries_first.of(packet);
  for (std::uint64_t i = 0; i < count; ++i) {
    memory().write64(destination + i * sizeof(entry), entry | field::entries_mask.of(packet));
    entry += field::entries_increment.of(packet);
  }
  host_.count_bytes(count * sizeof(entry));
}

void SdmaProcessor::atomic(Packet packet) {
  const std::uint32_t code = field::atomic_operation.of(packet);
  const auto operation = AtomicOperation::decode(code);
  if (!operation) reject_packet("ATOMIC", "operation", code);
  const std::uint64_t address =
      field::atomic_address.of(packet) & ~std::uint64_t{operation->bytes() - 1};
  const AtomicOperands operands{field::atomic_source.of(packet), field::atomic_compare.of(packet)};
  const std::uint64_t expected =
      operation->bytes() == 8 ? operands.compare : operands.compare & 0xffffffffu;
  const auto perform = [&] {
    return operation->apply(memory().require(address, EngineAccess::atomic).host, operands) ==
           expected;
  };
  if (field::atomic_loop.of(packet) != 0 && operation->is_compare_and_swap()) {
    wait_until(std::nullopt, perform);
  } else {
    perform();
  }
}

}  // namespace redbolt::emulator
