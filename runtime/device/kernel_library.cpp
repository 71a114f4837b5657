#include "device/kernel_library.hpp"

#include <algorithm>
#include <vector>

#include "redbolt/runtime/runtime_error.hpp"

namespace redbolt::runtime {
namespace {

// Several images in one, each at a multiple of image_alignment.
struct Combined {
  std::vector<std::byte> bytes;
  std::vector<client::Relocation> relocations;
  std::vector<client::KernelEntry> entries;

  void add(const KernelImage& kernel, std::string name) {
    const std::size_t start =
        (bytes.size() + image_alignment - 1) / image_alignment * image_alignment;
    bytes.resize(start);
    bytes.insert(bytes.end(), kernel.image.begin(), kernel.image.end());
    for (client::Relocation relocation : kernel.relocations) {
      relocation.offset += start;
      relocation.addend += static_cast<std::int64_t>(start);
      relocations.push_back(relocation);
    }
    entries.push_back({std::move(name), start + kernel.descriptor_offset});
  }
};

}  // namespace

KernelLibrary::Loaded KernelLibrary::load(std::span<const KernelRequest> requests,
                                          const Finaliser::Progress& progress) {
  std::vector<KernelRequest> missing;
  for (const KernelRequest& request : requests)
    if (!kernels_.contains(request) && std::ranges::find(missing, request) == missing.end())
      missing.push_back(request);
  if (missing.empty()) return {};
  const FinalisedKernels finalised = finaliser_.finalise(missing, progress);
  Combined combined;
  for (std::size_t i = 0; i < missing.size(); ++i)
    combined.add(finalised.images[i], missing[i].kernel + " " + std::to_string(i));
  const client::Module module = connection_->with([&](client::Connection& c) {
    return c.create_module({"kernels", combined.bytes, combined.relocations, combined.entries});
  });
  for (std::size_t i = 0; i < missing.size(); ++i)
    kernels_.emplace(missing[i], LoadedKernel{module.id, static_cast<std::uint32_t>(i)});
  return {finalised.from_cache, finalised.compiled};
}

const LoadedKernel& KernelLibrary::find(const KernelRequest& request) const {
  const auto found = kernels_.find(request);
  if (found == kernels_.end())
    throw RuntimeError(RuntimeErrorCode::invalid_argument,
                       "the kernel " + request.description() + " is not loaded");
  return found->second;
}

}  // namespace redbolt::runtime
