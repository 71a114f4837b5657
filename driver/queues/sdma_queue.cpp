#include "queues/sdma_queue.hpp"

#include <algorithm>

#include "memory/memory_hub.hpp"
#include "redbolt/base/checked.hpp"
#include "redbolt/driver/driver_error.hpp"

namespace redbolt::driver {
namespace {

[[noreturn]] void refuse(const char* problem) {
  throw DriverError(DriverErrorCode::invalid_argument, "submit to the copy queue", "", problem);
}

bool is_in_vm(GpuAddress address, Bytes size) {
  return size.count() != 0 && address >= kVmStart &&
         range_fits(address.value(), size.count(), kVmLast.value() + 1);
}

void check(const CopyRegion& region) {
  if (!is_in_vm(region.destination, region.size) || !is_in_vm(region.source, region.size)) {
    refuse("a copy is empty or leaves the VM");
  }
  const std::uint64_t distance = region.destination > region.source
                                     ? (region.destination - region.source).count()
                                     : (region.source - region.destination).count();
  if (distance < region.size.count()) refuse("the two ranges of a copy overlap");
}

}  // namespace

SdmaQueue::SdmaQueue(CopyEngine& engine, SubmissionRing& ring, unsigned doorbell)
    : engine_(engine), ring_(ring), doorbell_(doorbell) {
  connect();
}

void SdmaQueue::connect() {
  engine_.connect({.base = ring_.ring_address(),
                   .dwords_log2 = ring_.dwords_log2(),
                   .read_pointer = ring_.read_pointer_address(),
                   .write_pointer = ring_.write_pointer_address(),
                   .doorbell = doorbell_});
}

void SdmaQueue::restart() {
  engine_.reset();
  ring_.restart();
  engine_.start();
  connect();
}

void SdmaQueue::put_waits(std::span<const Dependency> after) {
  words_.clear();
  for (const Dependency& dependency : after) {
    sdma::wait_memory_at_least(words_, dependency.location,
                               static_cast<std::uint32_t>(dependency.value.value()));
  }
  ring_.put(words_);
}

void SdmaQueue::finish(FenceValue fence) {
  words_.clear();
  sdma::fence(words_, ring_.fence_address(), static_cast<std::uint32_t>(fence.value()));
  ring_.put(words_);
  ring_.commit();
}

FenceValue SdmaQueue::copy(std::span<const CopyRegion> regions, std::span<const Dependency> after) {
  for (const CopyRegion& region : regions) check(region);
  const FenceValue fence = ring_.begin();
  put_waits(after);
  for (const CopyRegion& region : regions) {
    for (std::uint64_t done = 0; done < region.size.count(); done += sdma::kMaxBytes) {
      words_.clear();
      sdma::copy_linear(words_, region.destination + Bytes(done), region.source + Bytes(done),
                        std::min(sdma::kMaxBytes, region.size.count() - done));
      ring_.put(words_);
    }
  }
  finish(fence);
  return fence;
}

FenceValue SdmaQueue::fill(GpuAddress destination, Bytes size, std::uint32_t value,
                           std::span<const Dependency> after) {
  if (!is_in_vm(destination, size) || destination.value() % 4 != 0 || size.count() % 4 != 0) {
    refuse("a fill is empty, leaves the VM, or is not a multiple of 4 bytes");
  }
  const FenceValue fence = ring_.begin();
  put_waits(after);
  for (std::uint64_t done = 0; done < size.count(); done += sdma::kMaxBytes) {
    words_.clear();
    sdma::fill(words_, destination + Bytes(done), std::min(sdma::kMaxBytes, size.count() - done),
               value);
    ring_.put(words_);
  }
  finish(fence);
  return fence;
}

}  // namespace redbolt::driver
