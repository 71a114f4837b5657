#include "finaliser/compiler.hpp"

#include <dlfcn.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <system_error>

#include "finaliser/executable_path.hpp"
#include "redbolt/runtime/runtime_error.hpp"

namespace redbolt::runtime {
namespace {

#ifdef __APPLE__
constexpr const char* library_name = "libredbolt-finaliser.dylib";
#else
constexpr const char* library_name = "libredbolt-finaliser.so";
#endif

// Beside the program, in the lib folder next to its own, or where the variable says.
std::filesystem::path find_library() {
  if (const char* named = std::getenv("REDBOLT_FINALISER")) return named;
  const std::filesystem::path folder = executable_path().parent_path();
  for (const char* place : {"../lib", ".", "../lib/redbolt"}) {
    std::error_code ignored;
    const auto candidate = folder / place / library_name;
    if (std::filesystem::exists(candidate, ignored)) return candidate.lexically_normal();
  }
  return REDBOLT_FINALISER_LIBRARY;  // where it was built
}

std::string file_identity(const std::filesystem::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return "absent";
#ifdef __APPLE__
  const timespec& changed = status.st_mtimespec;
#else
  const timespec& changed = status.st_mtim;
#endif
  return std::to_string(status.st_size) + ":" + std::to_string(changed.tv_sec) + "." +
         std::to_string(changed.tv_nsec);
}

// dlerror's text belongs to the calling thread until its next call.
[[noreturn]] void refuse(const std::filesystem::path& path) {
  const char* reason = ::dlerror();
  throw RuntimeError(RuntimeErrorCode::finaliser_unavailable,
                     "kernels must be compiled, but the compiler cannot be loaded from " +
                         path.string() + ": " + (reason == nullptr ? "unknown" : reason) +
                         ". Install LLVM 19 (libllvm19), or set REDBOLT_FINALISER to the library.");
}

}  // namespace

Compiler::Compiler() : library_(find_library()) {
  identity_ = std::string("LLVM " REDBOLT_LLVM_VERSION " ") + file_identity(REDBOLT_LLVM_LIBRARY) +
              " finaliser " + file_identity(library_);
}

bool Compiler::loaded() const {
  const std::lock_guard lock(mutex_);
  return finalise_ != nullptr;
}

RedboltFinaliseFunction Compiler::load() {
  const std::lock_guard lock(mutex_);
  if (finalise_ != nullptr) return finalise_;
  // The very file whose identity went into the cache keys; the finaliser's own dependency is then
  // satisfied by it. If it is not there, the system's search takes over, and the identity "absent"
  // has kept these kernels apart.
  ::dlopen(REDBOLT_LLVM_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  void* library = ::dlopen(library_.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) refuse(library_);
  const auto version =
      reinterpret_cast<std::uint32_t (*)()>(::dlsym(library, "redbolt_finaliser_version"));
  const auto finalise =
      reinterpret_cast<RedboltFinaliseFunction>(::dlsym(library, "redbolt_finalise"));
  if (version == nullptr || finalise == nullptr) refuse(library_);
  if (version() != redbolt_finaliser_interface_version)
    throw RuntimeError(RuntimeErrorCode::finaliser_unavailable,
                       "the compiler library " + library_.string() +
                           " belongs to another version of Redbolt; reinstall both together.");
  finalise_ = finalise;  // never unloaded: LLVM leaves threads' state behind
  return finalise_;
}

std::vector<std::byte> Compiler::compile(const DeviceCode& code, const KernelRequest& request,
                                         const std::string& target) {
  const RedboltFinaliseFunction finalise = load();
  std::vector<RedboltConstant> constants;
  for (const KernelConstant& constant : request.constants)
    constants.push_back({constant.name.c_str(), constant.value});
  RedboltFinaliseInput input{};
  input.bitcode = reinterpret_cast<const std::uint8_t*>(code.bitcode.data());
  input.bitcode_size = code.bitcode.size();
  input.kernel = request.kernel.c_str();
  input.constants = constants.data();
  input.constant_count = constants.size();
  input.target = target.c_str();
  std::string result;
  const auto sink = [](void* context, const char* bytes, std::size_t size) {
    static_cast<std::string*>(context)->assign(bytes, size);
  };
  if (finalise(&input, sink, &result) != 0)
    throw RuntimeError(RuntimeErrorCode::compilation_failed,
                       request.description() + " for " + target + ": " + result);
  const auto bytes = std::as_bytes(std::span(result));
  return {bytes.begin(), bytes.end()};
}

}  // namespace redbolt::runtime
