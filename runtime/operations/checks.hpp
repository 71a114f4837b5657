// Checks of shapes and views, and the filling of argument blocks, which all operations share.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/arguments.hpp"
#include "redbolt/runtime/operations.hpp"

namespace redbolt::runtime {

[[noreturn]] void refuse(const std::string& operation, const std::string& what);

// Collects what a dispatch needs: the argument block, and the views behind its pointers.
template <class Arguments>
class ArgumentBlock {
 public:
  explicit ArgumentBlock(std::string operation) : operation_(std::move(operation)) {}

  Arguments values{};

  // The pointer field `field` of `values` (or of a part of it) points to the first `bytes` bytes of
  // `view`, which must hold them and be aligned.
  void point(const std::uint64_t& field, const BufferView& view, std::uint64_t bytes,
             std::uint64_t alignment, Access access, const char* name) {
    if (view.buffer == client::BufferId{}) refuse(operation_, std::string(name) + " is missing");
    if (view.size < Bytes(bytes))
      refuse(operation_, std::string(name) + " has " + std::to_string(view.size.count()) +
                             " bytes, and needs " + std::to_string(bytes));
    if (view.offset.count() % alignment != 0)
      refuse(operation_,
             std::string(name) + " must be aligned to " + std::to_string(alignment) + " bytes");
    const auto offset =
        reinterpret_cast<const char*>(&field) - reinterpret_cast<const char*>(&values);
    pointers_.push_back({static_cast<std::uint32_t>(offset),
                         BufferView{view.buffer, view.offset, Bytes(bytes)}, access});
  }

  void dispatch(CommandGraph& graph, const KernelRequest& request,
                std::array<std::uint32_t, 3> grid, std::uint32_t threads) {
    std::vector<std::byte> bytes(sizeof(Arguments));
    std::memcpy(bytes.data(), &values, sizeof(Arguments));
    graph.dispatch(request, grid, {threads, 1, 1}, std::move(bytes), std::move(pointers_));
  }

  const std::string& operation() const { return operation_; }

 private:
  std::string operation_;
  std::vector<GraphPointer> pointers_;
};

// a * b * c bytes, refused where it does not fit 64 bits.
std::uint64_t checked_bytes(const std::string& operation, std::uint64_t a, std::uint64_t b,
                            std::uint64_t c);

// Bytes of the whole matrix; checks that it has rows and whole blocks.
std::uint64_t matrix_bytes(const std::string& operation, const WeightMatrix& matrix);

// Kernels load weights in pieces of this alignment or smaller.
std::uint64_t weight_alignment(WeightType type);

void check_capacity(const std::string& operation, std::uint32_t capacity,
                    StepRows step = StepRows::sequence);

// Whether rows are told apart by state. One row alone is the same either way, and takes the forms
// of a sequence.
constexpr bool by_slot(StepRows step, std::uint32_t capacity) {
  return step == StepRows::slots && capacity > 1;
}

// Of StepState.
constexpr std::uint64_t state_bytes(StepRows step, std::uint32_t capacity) {
  return by_slot(step, capacity) ? capacity * sizeof(StepState) : sizeof(StepState);
}

constexpr std::uint32_t divide_up(std::uint32_t a, std::uint32_t b) {
  return a / b + (a % b != 0);
}

inline constexpr std::uint32_t unused_constant = ~0u;

}  // namespace redbolt::runtime
