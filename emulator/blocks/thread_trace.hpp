// Thread traces of the shader engines, as far as a client that asks for one needs: a trace may be
// started and stopped, and it is empty.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "blocks/register_space.hpp"

namespace redbolt::emulator {

class ThreadTrace {
 public:
  explicit ThreadTrace(RegisterSpace& registers);
  ThreadTrace(const ThreadTrace&) = delete;
  ThreadTrace& operator=(const ThreadTrace&) = delete;

  void reset();

 private:
  static constexpr std::size_t shader_engines = 6;

  void start();

  RegisterSpace& registers_;
  // SQ_THREAD_TRACE_WPTR of each engine. Written by whoever writes registers.
  std::array<std::atomic<std::uint32_t>, shader_engines> write_pointers_{};
};

}  // namespace redbolt::emulator
