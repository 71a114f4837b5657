// System DMA engine 0: out of reset, and its queue's hardware side. The queue itself is in
// queues/sdma_queue.hpp.
#pragma once

#include <cstdint>

#include "redbolt/driver/gpu_address.hpp"
#include "register_file.hpp"

namespace redbolt::driver {

class CopyEngine {
 public:
  explicit CopyEngine(RegisterFile& registers) : registers_(registers) {}

  void start();

  struct Ring {
    GpuAddress base;  // multiple of 256
    unsigned dwords_log2 = 0;
    GpuAddress read_pointer;   // where the engine reports it
    GpuAddress write_pointer;  // where the engine reads it after a doorbell
    unsigned doorbell = 0;     // index of 64-bit doorbells
  };
  // Connects the ring to queue 0, empty.
  void connect(const Ring& ring);
  // Disconnects it and resets the engine's queue logic.
  void disconnect();
  // The same for an engine that may be in the middle of something: halted first. start() and
  // connect() have to follow.
  void reset();

 private:
  RegisterFile& registers_;
};

}  // namespace redbolt::driver
