#include "flat_device.hpp"

#include <algorithm>
#include <thread>

namespace redbolt::runtime::test {
namespace {

constexpr std::uint64_t guard_bytes = 256;
constexpr std::byte guard{0xa5};
constexpr std::uint64_t page_bytes = 4096;

std::uint64_t address(const void* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

// The declared ranges of one dispatch, its code and its arguments.
class DispatchPort : public emulator::MemoryPort {
 public:
  void add(std::span<std::byte> bytes, bool writable, bool executable, bool readable = true) {
    Page page;
    page.host = bytes.data();
    page.base = address(bytes.data());
    page.size = bytes.size();
    page.readable = readable;
    page.writable = writable;
    page.executable = executable;
    pages_.push_back(page);
  }

  bool lookup(std::uint64_t at, emulator::MemoryAccess access, Page& page) override {
    using enum emulator::MemoryAccess;
    for (const Page& candidate : pages_) {
      if (at < candidate.base || at - candidate.base >= candidate.size) continue;
      const bool allowed = access == read      ? candidate.readable
                           : access == execute ? candidate.executable
                           : access == write   ? candidate.writable
                                               : candidate.readable && candidate.writable;
      if (!allowed) continue;
      page = candidate;
      return true;
    }
    return false;
  }

  std::uint64_t generation() const override { return 1; }

 private:
  std::vector<Page> pages_;
};

// LLVM's AMDGPU guide, "Kernel Descriptor".
struct Descriptor {
  std::uint32_t lds_bytes;
  std::uint32_t scratch_bytes;
  std::uint32_t kernarg_bytes;
  std::uint32_t reserved_0;
  std::int64_t entry_offset;
  std::uint32_t reserved_1[5];
  std::uint32_t rsrc3;
  std::uint32_t rsrc1;
  std::uint32_t rsrc2;
  std::uint16_t properties;
  std::uint16_t preload;
  std::uint32_t reserved_2;
};
static_assert(sizeof(Descriptor) == 64);

constexpr std::uint32_t only_kernarg_pointer_wave32 = 1u << 3 | 1u << 10;

}  // namespace

Finaliser& shared_finaliser() {
  static Finaliser finaliser(FinaliserOptions{"gfx1100", 0, std::nullopt});
  return finaliser;
}

FlatDevice::FlatDevice() : dispatcher_(std::max(std::thread::hardware_concurrency(), 1u)) {}

BufferView FlatDevice::allocate(std::uint64_t bytes) {
  const client::BufferId id(buffers_.size() + 1);
  Memory& memory = buffers_[id];
  memory.size = bytes;
  memory.bytes.assign(bytes + 2 * guard_bytes + 256, guard);
  const BufferView view{id, Bytes(0), Bytes(bytes)};
  std::ranges::fill(this->memory(view), std::byte{poison});
  return view;
}

std::span<std::byte> FlatDevice::memory(const BufferView& view) {
  Memory& memory = buffers_.at(view.buffer);
  // Aligned as the daemon aligns buffers.
  const std::uint64_t start =
      (address(memory.bytes.data()) + guard_bytes + 255) / 256 * 256 - address(memory.bytes.data());
  return std::span(memory.bytes)
      .subspan(start, memory.size)
      .subspan(view.offset.count(), view.size.count());
}

BufferView FlatDevice::state(std::uint32_t tokens, std::uint32_t position) {
  StepState state{};
  state.tokens = tokens;
  state.position = position;
  state.capacity = 1u << 20;
  state.remaining = 1u << 20;
  return upload(std::span<const StepState>(&state, 1));
}

BufferView FlatDevice::states(std::span<const std::optional<std::uint32_t>> positions) {
  std::vector<StepState> states;
  for (const auto& position : positions) {
    StepState state{};
    state.tokens = position ? 1 : 0;
    state.position = position.value_or(0);
    state.capacity = 1u << 20;
    state.remaining = 1u << 20;
    state.slot = static_cast<std::uint32_t>(states.size());
    states.push_back(state);
  }
  return upload(states);
}

const FlatDevice::Code& FlatDevice::code(const KernelRequest& request) {
  // Shared by all devices of the program: compiling is what takes time in these tests.
  static std::map<KernelRequest, KernelImage> images;
  auto image = images.find(request);
  if (image == images.end()) {
    FinalisedKernels made = shared_finaliser().finalise({&request, 1});
    image = images.emplace(request, std::move(made.images.front())).first;
  }
  const auto [found, inserted] = code_.try_emplace(request);
  Code& code = found->second;
  if (inserted) {
    code.kernel = image->second;
    EXPECT_TRUE(code.kernel.relocations.empty()) << request.description();
    // Whole pages: instructions are fetched page by page.
    code.size = (code.kernel.image.size() + page_bytes - 1) / page_bytes * page_bytes;
    code.storage.resize(code.size + page_bytes);
    code.image = code.storage.data() + (page_bytes - address(code.storage.data()) % page_bytes);
    std::ranges::copy(code.kernel.image, code.image);
  }
  return code;
}

void FlatDevice::run_dispatch(const GraphDispatch& node, const KernelRequest& request) {
  const Code& kernel = code(request);
  Descriptor descriptor;
  std::memcpy(&descriptor, kernel.image + kernel.kernel.descriptor_offset, sizeof(descriptor));
  ASSERT_EQ(descriptor.properties, only_kernarg_pointer_wave32) << request.description();
  ASSERT_EQ(descriptor.kernarg_bytes, node.kernarg.size()) << request.description();

  DispatchPort port;
  alignas(256) static thread_local std::byte kernarg[1024];
  std::memset(kernarg, 0, sizeof(kernarg));
  std::memcpy(kernarg, node.kernarg.data(), node.kernarg.size());
  for (const GraphPointer& pointer : node.pointers) {
    const std::span<std::byte> bytes = memory(pointer.view);
    const std::uint64_t at = address(bytes.data());
    std::memcpy(kernarg + pointer.kernarg_offset, &at, sizeof(at));
    port.add(bytes, pointer.access != Access::read, false, pointer.access != Access::write);
  }
  port.add(kernarg, false, false);
  port.add({kernel.image, static_cast<std::size_t>(kernel.size)}, false, true);

  emulator::Dispatch dispatch;
  dispatch.program = address(kernel.image) + kernel.kernel.descriptor_offset +
                     static_cast<std::uint64_t>(descriptor.entry_offset);
  dispatch.pgm_rsrc1 = descriptor.rsrc1;
  constexpr std::uint32_t lds_granule = 512;
  dispatch.pgm_rsrc2 = descriptor.rsrc2 | (descriptor.lds_bytes + lds_granule - 1) / lds_granule
                                              << 15;
  dispatch.pgm_rsrc3 = descriptor.rsrc3;
  const std::uint64_t kernarg_address = address(kernarg);
  dispatch.user_data[0] = static_cast<std::uint32_t>(kernarg_address);
  dispatch.user_data[1] = static_cast<std::uint32_t>(kernarg_address >> 32);
  dispatch.grid = node.grid;
  dispatch.threads = node.block;
  dispatch.initiator = 1u << 15 | 1u;  // wave32, compute shader enabled
  const emulator::DispatchResult result =
      dispatcher_.run(dispatch, port, counters_, std::stop_token());
  ASSERT_TRUE(result.completed()) << request.description() << ": " << result.message << " at 0x"
                                  << std::hex << result.address;
}

void FlatDevice::run(const CommandGraph& graph) {
  shared_finaliser();
  for (const GraphNode& node : graph.nodes()) {
    const auto* dispatch = std::get_if<GraphDispatch>(&node);
    if (dispatch == nullptr) continue;
    ASSERT_NO_FATAL_FAILURE(run_dispatch(*dispatch, graph.requests()[dispatch->request]));
  }
  check_guards();
}

void FlatDevice::check_guards() const {
  for (const auto& [id, memory] : buffers_) {
    const std::span bytes(memory.bytes);
    const std::uint64_t start =
        (address(bytes.data()) + guard_bytes + 255) / 256 * 256 - address(bytes.data());
    const auto intact = [](std::span<const std::byte> part) {
      return std::ranges::all_of(part, [](std::byte byte) { return byte == guard; });
    };
    EXPECT_TRUE(intact(bytes.first(start))) << "memory before buffer " << id.value();
    EXPECT_TRUE(intact(bytes.subspan(start + memory.size))) << "memory after buffer " << id.value();
  }
}

}  // namespace redbolt::runtime::test
