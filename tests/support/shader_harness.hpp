// Runs compiled kernels on the wave engine without a card: flat memory, a code object, launches.
//
//   ShaderHarness harness("kernels/add.co");
//   const auto out = harness.memory().allocate(256 * 4);
//   const auto result = harness.launch("add", {.grid = {4, 1, 1}, .block = {64, 1, 1}},
//                                      KernelArguments().add(out).add(3.5f));
//   ASSERT_TRUE(result.completed()) << result.message;
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stop_token>
#include <string>
#include <type_traits>
#include <vector>

#include "code_object.hpp"
#include "flat_memory.hpp"
#include "redbolt/emulator/shader/dispatcher.hpp"

namespace redbolt::test {

// A kernel's explicit arguments, each at its natural alignment, in order.
class KernelArguments {
 public:
  template <class T>
  KernelArguments& add(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    const std::size_t offset = (bytes_.size() + alignof(T) - 1) / alignof(T) * alignof(T);
    bytes_.resize(offset + sizeof(T));
    std::memcpy(bytes_.data() + offset, &value, sizeof(T));
    return *this;
  }
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

struct Launch {
  std::array<std::uint32_t, 3> grid{1, 1, 1};    // workgroups
  std::array<std::uint32_t, 3> block{32, 1, 1};  // threads of each
  std::uint32_t dynamic_lds_bytes = 0;
  std::stop_token stop{};
};

class ShaderHarness {
 public:
  static constexpr std::uint64_t shared_aperture = 0x0001000000000000;
  static constexpr std::uint64_t private_aperture = 0x0002000000000000;

  explicit ShaderHarness(const std::string& code_object, unsigned threads = 2);

  FlatMemory& memory() { return memory_; }
  const CodeObject& code() const { return code_; }
  emulator::Counters& counters() { return counters_; }
  emulator::Dispatcher& dispatcher() { return dispatcher_; }

  // The dispatch as a driver would set it up: kernarg segment (with the hidden arguments of code
  // object version 5), user SGPRs, LDS and scratch as the kernel descriptor asks.
  emulator::Dispatch prepare(const std::string& kernel, const Launch& launch,
                             const KernelArguments& arguments);
  emulator::DispatchResult launch(const std::string& kernel, const Launch& launch,
                                  const KernelArguments& arguments);

 private:
  FlatMemory memory_;
  CodeObject code_;
  emulator::Counters counters_;
  emulator::Dispatcher dispatcher_;
};

}  // namespace redbolt::test
