// The device code as bitcode, compiled when Redbolt was built and embedded in the library.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace redbolt::runtime {

struct DeviceCode {
  std::string_view module;  // the source file without extension: "linear_vector"
  std::span<const std::byte> bitcode;
  std::string_view hash;  // SHA-256 of the bitcode, hexadecimal
};

// Generated at build time (kernels/embed.py).
std::span<const DeviceCode> embedded_device_code();

// A fingerprint of the sources that make an image of a code object; part of every cache key.
std::string_view finaliser_fingerprint();

// nullptr if there is no such module.
const DeviceCode* find_device_code(std::string_view module);

}  // namespace redbolt::runtime
