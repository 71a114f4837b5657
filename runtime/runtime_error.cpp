#include "redbolt/runtime/runtime_error.hpp"

namespace redbolt::runtime {

const char* to_string(RuntimeErrorCode code) {
  switch (code) {
    case RuntimeErrorCode::invalid_argument:
      return "invalid_argument";
    case RuntimeErrorCode::unsupported_target:
      return "unsupported_target";
    case RuntimeErrorCode::finaliser_unavailable:
      return "finaliser_unavailable";
    case RuntimeErrorCode::compilation_failed:
      return "compilation_failed";
    case RuntimeErrorCode::bad_code_object:
      return "bad_code_object";
    case RuntimeErrorCode::cache_unusable:
      return "cache_unusable";
    case RuntimeErrorCode::timeout:
      return "timeout";
  }
  return "unknown";
}

}  // namespace redbolt::runtime
