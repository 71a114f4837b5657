#include "module.hpp"

#include <limits>
#include <span>

#include "daemon_error.hpp"
#include "redbolt/base/checked.hpp"
#include "redbolt/driver/driver_error.hpp"

namespace redbolt::daemon {
namespace {

constexpr std::size_t descriptor_alignment = 64;
constexpr std::uint64_t entry_alignment = 256;  // COMPUTE_PGM_LO holds the address divided by it
constexpr std::size_t smallest_program = 4;     // s_endpgm
// The instruction fetch runs ahead of a wave, by up to three cache lines (SH_MEM_CONFIG): what
// follows the last instruction has to be there, too.
constexpr std::size_t fetched_ahead = 512;

[[noreturn]] void refuse(const std::string& module, const std::string& problem) {
  throw invalid_argument("module \"" + module + "\": " + problem);
}

struct RelocationRow {
  protocol::RelocationKind kind;
  unsigned bytes;
  unsigned shift;
};

constexpr RelocationRow relocation_table[] = {
    {protocol::RELOCATION_KIND_ABS64, 8, 0},
    {protocol::RELOCATION_KIND_ABS32_LO, 4, 0},
    {protocol::RELOCATION_KIND_ABS32_HI, 4, 32},
};

const RelocationRow& find_row(const std::string& module, protocol::RelocationKind kind) {
  for (const RelocationRow& row : relocation_table) {
    if (row.kind == kind) return row;
  }
  refuse(module, "a relocation of unknown kind " + std::to_string(kind));
}

void relocate(const std::string& module, std::span<std::byte> image, driver::GpuAddress base,
              const protocol::Relocation& relocation) {
  const RelocationRow& row = find_row(module, relocation.kind());
  if (!range_fits(relocation.offset(), row.bytes, image.size())) {
    refuse(module,
           "a relocation at " + std::to_string(relocation.offset()) + ", outside the image");
  }
  // A negative one is huge as an unsigned number.
  if (static_cast<std::uint64_t>(relocation.addend()) > image.size()) {
    refuse(module,
           "a relocation to " + std::to_string(relocation.addend()) + ", outside the image");
  }
  const std::uint64_t value =
      (base.value() + static_cast<std::uint64_t>(relocation.addend())) >> row.shift;
  for (unsigned i = 0; i < row.bytes; ++i) {
    image[relocation.offset() + i] = static_cast<std::byte>((value >> (8 * i)) & 0xff);
  }
}

// Where the kernel starts in the image.
std::uint64_t entry_offset(const std::string& name, std::uint64_t descriptor, std::int64_t entry,
                           std::size_t image_size) {
  const auto start = checked_add<std::int64_t>(static_cast<std::int64_t>(descriptor), entry);
  if (!start || *start < 0 ||
      !range_fits(static_cast<std::uint64_t>(*start), smallest_program, image_size)) {
    throw invalid_argument("kernel \"" + name + "\": its first instruction is outside the image");
  }
  if (static_cast<std::uint64_t>(*start) % entry_alignment != 0) {
    throw invalid_argument("kernel \"" + name +
                           "\": its first instruction is not at a multiple of 256");
  }
  return static_cast<std::uint64_t>(*start);
}

ModuleKernel read_kernel(const std::string& module, const ComputeLimits& limits,
                         std::span<const std::byte> image, driver::GpuAddress base,
                         const protocol::KernelEntry& entry) {
  const std::uint64_t offset = entry.descriptor_offset();
  if (offset % descriptor_alignment != 0 ||
      !range_fits(offset, driver::KernelDescriptor::kSize, image.size())) {
    refuse(module, "the descriptor of \"" + entry.name() +
                       "\" is outside the image or not at a multiple of 64");
  }
  ModuleKernel kernel;
  kernel.name = entry.name();
  try {
    kernel.descriptor = driver::KernelDescriptor::parse(
        image.subspan(offset).first<driver::KernelDescriptor::kSize>());
  } catch (const driver::DriverError& error) {
    throw invalid_argument("kernel \"" + entry.name() + "\": " + error.what());
  }
  check_kernel(limits, kernel.name, kernel.descriptor);
  const std::uint64_t start =
      entry_offset(kernel.name, offset, kernel.descriptor.entry_offset, image.size());
  kernel.entry = base + Bytes(start);
  return kernel;
}

}  // namespace

Module load_module(Device& device, ClientMemory& memory, const ComputeLimits& limits,
                   const protocol::CreateModuleRequest& request, std::vector<std::byte> image) {
  if (image.empty()) refuse(request.name(), "the image is empty");
  if (request.kernels().empty()) refuse(request.name(), "no kernel is named");
  Module module;
  module.name = request.name();
  module.code =
      memory.take(Region::code, Bytes(image.size() + fetched_ahead),
                  driver::MemoryAccess::read_execute, "module \"" + request.name() + "\"");
  const driver::GpuAddress base = module.code.address;
  for (const auto& relocation : request.relocations())
    relocate(request.name(), image, base, relocation);
  module.kernels.reserve(static_cast<std::size_t>(request.kernels_size()));
  for (const auto& entry : request.kernels()) {
    module.kernels.push_back(read_kernel(request.name(), limits, image, base, entry));
  }
  image.resize(module.code.block.size().count());  // the rest of the pages with zeros
  device.backend().write(Region::code, module.code.block.offset(), image);
  return module;
}

}  // namespace redbolt::daemon
