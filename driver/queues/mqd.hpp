// The memory queue descriptor (MQD) of a compute queue: 2048 bytes, of which dwords 0x80 to 0xb7
// are an image of the hardware queue registers CP_MQD_BASE_ADDR to CP_HQD_PQ_WPTR_HI
// (card/v11_compute_mqd.csv of the reference tables).
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "redbolt/driver/gpu_address.hpp"

namespace redbolt::driver {

struct ComputeQueueSetup {
  McAddress descriptor;  // where the MQD itself lies
  GpuAddress ring;       // multiple of 256
  unsigned ring_dwords_log2 = 0;
  GpuAddress read_pointer;   // where the engine reports it
  GpuAddress write_pointer;  // where the engine reads it after a doorbell
  GpuAddress end_of_pipe;    // 4 KiB for the engine's end-of-pipe events, multiple of 256
  unsigned doorbell = 0;     // index of 64-bit doorbells
};

class QueueDescriptor {
 public:
  static constexpr std::size_t kDwords = 512;
  static constexpr std::size_t kRegistersAt = 0x80;
  static constexpr std::size_t kRegisters = 0x38;

  explicit QueueDescriptor(const ComputeQueueSetup& setup);

  std::span<const std::uint32_t, kDwords> words() const { return words_; }
  // The part that belongs into the registers from CP_MQD_BASE_ADDR on.
  std::span<const std::uint32_t, kRegisters> registers() const {
    return std::span(words_).subspan<kRegistersAt, kRegisters>();
  }

 private:
  std::array<std::uint32_t, kDwords> words_{};
};

}  // namespace redbolt::driver
