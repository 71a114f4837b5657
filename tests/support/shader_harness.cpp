#include "shader_harness.hpp"

#include <algorithm>
#include <stdexcept>

namespace redbolt::test {
namespace {

constexpr std::uint32_t round_up(std::uint32_t value, std::uint32_t unit) {
  return (value + unit - 1) / unit * unit;
}

template <class T>
void put(std::vector<std::byte>& bytes, std::size_t offset, T value) {
  if (offset + sizeof(T) <= bytes.size()) std::memcpy(bytes.data() + offset, &value, sizeof(T));
}

// Hidden arguments begin behind the explicit ones (LLVM's AMDGPU guide, code object V5 metadata).
void put_hidden_arguments(std::vector<std::byte>& kernarg, std::size_t base, const Launch& launch) {
  for (std::size_t d = 0; d < 3; ++d) {
    put(kernarg, base + 4 * d, launch.grid[d]);
    put(kernarg, base + 12 + 2 * d, static_cast<std::uint16_t>(launch.block[d]));
    put(kernarg, base + 18 + 2 * d, std::uint16_t{0});
    put(kernarg, base + 40 + 8 * d, std::uint64_t{0});
  }
  put(kernarg, base + 64, std::uint16_t{3});
  put(kernarg, base + 120, launch.dynamic_lds_bytes);
  put(kernarg, base + 192, static_cast<std::uint32_t>(ShaderHarness::private_aperture >> 32));
  put(kernarg, base + 196, static_cast<std::uint32_t>(ShaderHarness::shared_aperture >> 32));
}

// The HSA kernel dispatch packet, of which compiled kernels read sizes.
std::vector<std::byte> dispatch_packet(const Launch& launch, std::uint64_t kernarg) {
  std::vector<std::byte> packet(64);
  for (std::size_t d = 0; d < 3; ++d) {
    put(packet, 4 + 2 * d, static_cast<std::uint16_t>(launch.block[d]));
    put(packet, 12 + 4 * d, launch.grid[d] * launch.block[d]);
  }
  put(packet, 40, kernarg);
  return packet;
}

// User SGPRs in the order in which the packet processor loads what a kernel asks for.
std::array<std::uint32_t, 16> user_data(const KernelDescriptor& kernel, std::uint64_t packet,
                                        std::uint64_t kernarg) {
  const struct {
    unsigned bit;
    unsigned registers;
    std::uint64_t value;
  } order[] = {{0, 4, 0}, {1, 2, packet}, {2, 2, 0}, {3, 2, kernarg},
               {4, 2, 0}, {5, 2, 0},      {6, 1, 0}};
  std::array<std::uint32_t, 16> result{};
  unsigned next = 0;
  for (const auto& item : order) {
    if ((kernel.properties >> item.bit & 1) == 0) continue;
    result.at(next) = static_cast<std::uint32_t>(item.value);
    if (item.registers > 1) result.at(next + 1) = static_cast<std::uint32_t>(item.value >> 32);
    next += item.registers;
  }
  return result;
}

}  // namespace

ShaderHarness::ShaderHarness(const std::string& code_object, unsigned threads)
    : code_(CodeObject::load(code_object, memory_)), dispatcher_(threads) {}

emulator::Dispatch ShaderHarness::prepare(const std::string& name, const Launch& launch,
                                          const KernelArguments& arguments) {
  const KernelDescriptor kernel = code_.kernel(name);
  std::vector<std::byte> kernarg = arguments.bytes();
  const std::size_t hidden = round_up(static_cast<std::uint32_t>(kernarg.size()), 8);
  kernarg.resize(std::max<std::size_t>(kernel.kernarg_bytes, kernarg.size()));
  put_hidden_arguments(kernarg, hidden, launch);
  const std::uint64_t kernarg_address = memory_.upload(kernarg);

  emulator::Dispatch dispatch;
  dispatch.program = kernel.entry;
  dispatch.pgm_rsrc1 = kernel.rsrc1;
  dispatch.pgm_rsrc3 = kernel.rsrc3;
  const std::uint32_t lds_units = round_up(kernel.lds_bytes + launch.dynamic_lds_bytes, 512) / 512;
  dispatch.pgm_rsrc2 = kernel.rsrc2 | lds_units << 15;
  constexpr std::uint16_t wants_packet = 1 << 1;
  const std::uint64_t packet = (kernel.properties & wants_packet) == 0
                                   ? 0
                                   : memory_.upload(dispatch_packet(launch, kernarg_address));
  dispatch.user_data = user_data(kernel, packet, kernarg_address);
  dispatch.grid = launch.grid;
  dispatch.threads = launch.block;
  constexpr std::uint32_t compute_shader_enable = 1, wave32 = 1u << 15;
  dispatch.initiator = compute_shader_enable | wave32;
  dispatch.shared_aperture = shared_aperture;
  dispatch.private_aperture = private_aperture;
  if (kernel.scratch_bytes != 0) {
    constexpr std::uint32_t waves_per_engine = 32;
    const std::uint32_t units = round_up(kernel.scratch_bytes * 32, 256) / 256;
    dispatch.tmpring_size = waves_per_engine | units << 12;
    dispatch.scratch_base =
        memory_.allocate(std::size_t{units} * 256 * waves_per_engine * dispatch.shader_engines);
  }
  return dispatch;
}

emulator::DispatchResult ShaderHarness::launch(const std::string& kernel, const Launch& launch,
                                               const KernelArguments& arguments) {
  return dispatcher_.run(prepare(kernel, launch, arguments), memory_, counters_, launch.stop);
}

}  // namespace redbolt::test
