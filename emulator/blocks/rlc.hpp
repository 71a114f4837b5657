// The graphics block's own controller: loading of its images after AUTOLOAD_RLC, safe mode, and the
// status registers of the command processor that tell a driver whether graphics is idle.
//
// Threads: any; start() and reset() on the worker's thread.
#pragma once

#include <functional>

#include "blocks/register_space.hpp"
#include "timed_worker.hpp"

namespace redbolt::emulator {

class Rlc {
 public:
  // graphics_busy: whether a compute queue or a copy engine has work. Called from any thread.
  Rlc(RegisterSpace& registers, TimedWorker& worker, std::function<bool()> graphics_busy);

  // Loads the images that the security processor handed over; BOOTLOAD_STATUS tells when it is
  // done.
  void start();

 private:
  RegisterSpace& registers_;
  TimedWorker& worker_;
};

}  // namespace redbolt::emulator
