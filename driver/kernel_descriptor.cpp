#include "redbolt/driver/kernel_descriptor.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "redbolt/driver/driver_error.hpp"
#include "redbolt/registers/gc_11_0_0.hpp"

namespace redbolt::driver {
namespace {

namespace gc = registers::gc;

// Layout: LLVM's AMDGPU guide, "Code Object V3 Kernel Descriptor".
constexpr std::size_t kGroupSizeAt = 0;
constexpr std::size_t kPrivateSizeAt = 4;
constexpr std::size_t kKernargSizeAt = 8;
constexpr std::size_t kEntryOffsetAt = 16;
constexpr std::size_t kRsrc3At = 44;
constexpr std::size_t kRsrc1At = 48;
constexpr std::size_t kRsrc2At = 52;
constexpr std::size_t kPropertiesAt = 56;
constexpr std::size_t kPreloadAt = 58;

enum Property : std::uint16_t {
  private_segment_buffer = 1 << 0,
  dispatch_pointer = 1 << 1,
  queue_pointer = 1 << 2,
  kernarg_segment_pointer = 1 << 3,
  dispatch_id = 1 << 4,
  flat_scratch_init = 1 << 5,
  private_segment_size = 1 << 6,
  wavefront_size32 = 1 << 10,
  dynamic_stack = 1 << 11,
};
constexpr std::uint16_t kReservedProperties = 0x7 << 7 | 0xf << 12;

struct Unsupported {
  std::uint16_t property;
  const char* what;
};
constexpr std::array unsupported = {
    Unsupported{private_segment_buffer, "a private segment buffer"},
    Unsupported{dispatch_pointer, "the dispatch packet"},
    Unsupported{queue_pointer, "the queue pointer"},
    Unsupported{dispatch_id, "a dispatch id"},
    Unsupported{flat_scratch_init, "flat scratch set up in registers"},
    Unsupported{private_segment_size, "the private segment size in a register"},
    Unsupported{dynamic_stack, "a stack of dynamic size"},
};

constexpr unsigned kVectorRegisterGranule = 8;  // wave32
constexpr unsigned kMaxUserRegisters = 16;

[[noreturn]] void refuse(DriverErrorCode code, const std::string& problem) {
  throw DriverError(code, "kernel descriptor", "", problem);
}

template <class T>
T get(std::span<const std::byte> bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

void check_reserved(std::span<const std::byte> bytes) {
  const auto is_zero = [&](std::size_t at, std::size_t size) {
    return std::ranges::all_of(bytes.subspan(at, size),
                               [](std::byte b) { return b == std::byte{}; });
  };
  if (!is_zero(12, 4) || !is_zero(24, 20) || !is_zero(60, 4)) {
    refuse(DriverErrorCode::invalid_argument, "reserved bytes are not zero");
  }
}

void check_properties(std::uint16_t properties) {
  if ((properties & kReservedProperties) != 0) {
    refuse(DriverErrorCode::invalid_argument, "reserved property bits are not zero");
  }
  for (const auto& [property, what] : unsupported) {
    if ((properties & property) != 0) {
      refuse(DriverErrorCode::unsupported_kernel,
             std::string("the kernel asks for ") + what + ", which this driver does not offer");
    }
  }
  if ((properties & wavefront_size32) == 0) {
    refuse(DriverErrorCode::unsupported_kernel,
           "the kernel is compiled for waves of 64; compile it for waves of 32");
  }
}

// Bits that the packet processor fills in and a code object has to leave alone.
void check_resources(std::uint32_t rsrc1, std::uint32_t rsrc2, std::uint32_t rsrc3) {
  const auto& r1 = gc::COMPUTE_PGM_RSRC1;
  const auto& r2 = gc::COMPUTE_PGM_RSRC2;
  const auto& r3 = gc::COMPUTE_PGM_RSRC3;
  constexpr std::uint32_t kDebugMode = 1u << 22;
  const std::uint32_t reserved1 =
      r1.priority.mask() | r1.priv.mask() | kDebugMode | r1.bulky.mask() | 1u << 25 | 3u << 27;
  const std::uint32_t reserved2 =
      r2.trap_present.mask() | r2.excp_en_msb.mask() | r2.lds_size.mask() | 1u << 31;
  const std::uint32_t reserved3 = ~(r3.shared_vgpr_cnt.mask() | r3.inst_pref_size.mask());
  if ((rsrc1 & reserved1) != 0 || (rsrc2 & reserved2) != 0 || (rsrc3 & reserved3) != 0) {
    refuse(DriverErrorCode::invalid_argument, "reserved bits of the resource words are not zero");
  }
  if (r3.shared_vgpr_cnt.of(rsrc3) != 0) {
    refuse(DriverErrorCode::invalid_argument, "waves of 32 have no shared vector registers");
  }
}

}  // namespace

KernelDescriptor KernelDescriptor::parse(std::span<const std::byte, kSize> bytes) {
  check_reserved(bytes);
  const auto properties = get<std::uint16_t>(bytes, kPropertiesAt);
  check_properties(properties);
  if (get<std::uint16_t>(bytes, kPreloadAt) != 0) {
    refuse(DriverErrorCode::unsupported_kernel,
           "the kernel wants arguments preloaded into registers");
  }

  KernelDescriptor kernel;
  kernel.lds = Bytes(get<std::uint32_t>(bytes, kGroupSizeAt));
  kernel.scratch_per_lane = Bytes(get<std::uint32_t>(bytes, kPrivateSizeAt));
  kernel.kernarg = Bytes(get<std::uint32_t>(bytes, kKernargSizeAt));
  kernel.entry_offset = get<std::int64_t>(bytes, kEntryOffsetAt);
  // The scalar register count means nothing from gfx10 on (every wave has 128) and is to be 0, but
  // LLVM 19's code objects carry one for kernels that use many.
  kernel.rsrc1 = get<std::uint32_t>(bytes, kRsrc1At) & ~gc::COMPUTE_PGM_RSRC1.sgprs.mask();
  kernel.rsrc2 = get<std::uint32_t>(bytes, kRsrc2At);
  kernel.rsrc3 = get<std::uint32_t>(bytes, kRsrc3At);
  check_resources(kernel.rsrc1, kernel.rsrc2, kernel.rsrc3);

  kernel.kernarg_pointer = (properties & kernarg_segment_pointer) != 0;
  kernel.user_sgprs = gc::COMPUTE_PGM_RSRC2.user_sgpr.of(kernel.rsrc2);
  kernel.vector_registers =
      (gc::COMPUTE_PGM_RSRC1.vgprs.of(kernel.rsrc1) + 1) * kVectorRegisterGranule;
  if (kernel.user_sgprs > kMaxUserRegisters || (kernel.kernarg_pointer && kernel.user_sgprs < 2)) {
    refuse(DriverErrorCode::invalid_argument,
           "the number of user registers contradicts the properties");
  }
  // The descriptor itself is only 64-byte aligned: whether the entry is a multiple of 256 can be
  // told once both addresses are known, but no offset of this kind can be.
  if (kernel.entry_offset % 64 != 0) {
    refuse(DriverErrorCode::invalid_argument, "the entry offset is not a multiple of 64");
  }
  const bool uses_scratch = gc::COMPUTE_PGM_RSRC2.scratch_en.of(kernel.rsrc2) != 0;
  if (kernel.scratch_per_lane.count() != 0 && !uses_scratch) {
    refuse(DriverErrorCode::invalid_argument, "a private segment is asked for but not enabled");
  }
  return kernel;
}

}  // namespace redbolt::driver
