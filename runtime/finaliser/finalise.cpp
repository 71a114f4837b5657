#include "finaliser/finalise.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

#include "finaliser/object_loader.hpp"
#include "redbolt/runtime/runtime_error.hpp"

namespace redbolt::runtime {
namespace {

const DeviceCode& device_code(const KernelRequest& request) {
  const DeviceCode* code = find_device_code(request.module);
  if (code == nullptr)
    throw RuntimeError(RuntimeErrorCode::invalid_argument,
                       "there is no device code " + request.module);
  return *code;
}

// Chips that run gfx11 code made from this bitcode: those that differ from gfx1100 need their own.
void check_target(const std::string& target) {
  if (!target.starts_with("gfx11"))
    throw RuntimeError(RuntimeErrorCode::unsupported_target,
                       "there are no kernels for " + target + "; Redbolt runs on gfx11 cards");
}

// Fields of a key: with their lengths, so that no two lists of fields give the same bytes.
void add_field(Sha256& hash, std::string_view field) {
  hash.update(std::to_string(field.size()));
  hash.update(":");
  hash.update(field);
}

}  // namespace

Finaliser::Finaliser(FinaliserOptions options) : options_(std::move(options)) {
  check_target(options_.target);
  if (options_.threads == 0) options_.threads = std::max(std::thread::hardware_concurrency(), 1u);
  if (options_.cache) cache_ = std::make_unique<KernelCache>(*options_.cache);
}

Sha256Digest Finaliser::cache_key(const KernelRequest& request) const {
  Sha256 hash;
  add_field(hash, "redbolt kernel " + std::to_string(object_loader_version));
  add_field(hash, finaliser_fingerprint());
  add_field(hash, compiler_.identity());
  add_field(hash, options_.target);
  add_field(hash, device_code(request).hash);
  add_field(hash, request.kernel);
  for (const KernelConstant& constant : request.constants) {
    add_field(hash, constant.name);
    add_field(hash, std::to_string(constant.value));
  }
  return hash.finish();
}

Finaliser::Made Finaliser::make(const KernelRequest& request) {
  const DeviceCode& code = device_code(request);
  const Sha256Digest key = cache_key(request);
  if (cache_)
    if (auto found = cache_->find(key)) return {std::move(*found), true};
  const std::vector<std::byte> object = compiler_.compile(code, request, options_.target);
  KernelImage image = load_object(object, request.kernel);
  if (cache_) cache_->store(key, image);
  return {std::move(image), false};
}

FinalisedKernels Finaliser::finalise(std::span<const KernelRequest> requests,
                                     const Progress& progress) {
  FinalisedKernels result;
  result.images.resize(requests.size());
  std::atomic<std::size_t> next{0};
  std::mutex mutex;  // guards the counts, progress and the error
  std::size_t done = 0;
  std::exception_ptr error;
  const auto work = [&] {
    for (std::size_t i = next++; i < requests.size(); i = next++) {
      try {
        Made made = make(requests[i]);
        result.images[i] = std::move(made.image);
        const std::lock_guard lock(mutex);
        ++(made.from_cache ? result.from_cache : result.compiled);
        if (progress) progress(++done, requests.size());
      } catch (...) {
        next = requests.size();
        const std::lock_guard lock(mutex);
        if (!error) error = std::current_exception();
      }
    }
  };
  const std::size_t threads = std::min<std::size_t>(options_.threads, requests.size());
  std::vector<std::thread> others;
  for (std::size_t i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  for (std::thread& thread : others) thread.join();
  if (error) std::rethrow_exception(error);
  return result;
}

}  // namespace redbolt::runtime
