// Runs command graphs without a card: the emulated card's wave engine on flat host memory. Stricter
// than a card: a kernel may touch exactly the bytes that its dispatch declared, and write only
// where it said so. Everything else is a fault, and fails the test.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "finaliser/finalise.hpp"
#include "redbolt/emulator/shader/dispatcher.hpp"
#include "redbolt/runtime/command_graph.hpp"
#include "redbolt/runtime/operations.hpp"

namespace redbolt::runtime::test {

class FlatDevice {
 public:
  FlatDevice();

  // Memory filled with `poison` (a NaN as float32 and float16), with guards on both sides.
  BufferView allocate(std::uint64_t bytes);
  template <class T>
  BufferView upload(std::span<const T> values) {
    const BufferView view = allocate(values.size_bytes());
    std::memcpy(memory(view).data(), values.data(), values.size_bytes());
    return view;
  }
  template <class T>
  BufferView upload(const std::vector<T>& values) {
    return upload(std::span<const T>(values));
  }
  template <class T>
  std::vector<T> download(const BufferView& view) {
    std::vector<T> values(view.size.count() / sizeof(T));
    std::memcpy(values.data(), memory(view).data(), values.size() * sizeof(T));
    return values;
  }
  template <class T>
  void write(const BufferView& view, const T& value) {
    ASSERT_LE(sizeof(T), view.size.count());
    std::memcpy(memory(view).data(), &value, sizeof(T));
  }
  std::span<std::byte> memory(const BufferView& view);

  // A StepState of a step of `tokens` tokens at `position`.
  BufferView state(std::uint32_t tokens, std::uint32_t position = 0);

  // A StepState per slot, from the positions: a slot without one is not active.
  BufferView states(std::span<const std::optional<std::uint32_t>> positions);

  // Runs every node; a fault, an illegal instruction or a refused dispatch fails the test. Checks
  // the guards of all memory afterwards.
  void run(const CommandGraph& graph);

  // Of the waves that ran so far.
  std::uint64_t instructions() const { return counters_.instructions(); }

  static constexpr std::uint8_t poison = 0xff;

 private:
  struct Memory {
    std::vector<std::byte> bytes;  // guard, contents, guard
    std::uint64_t size = 0;
  };
  struct Code {
    std::byte* image = nullptr;
    std::uint64_t size = 0;
    KernelImage kernel;
    std::vector<std::byte> storage;
  };
  const Code& code(const KernelRequest& request);
  void run_dispatch(const GraphDispatch& node, const KernelRequest& request);
  void check_guards() const;

  std::map<client::BufferId, Memory> buffers_;
  std::map<KernelRequest, Code> code_;
  emulator::Dispatcher dispatcher_;
  emulator::Counters counters_;
};

// One cache of kernels for all tests of this program, in memory: compiled once per request.
Finaliser& shared_finaliser();

}  // namespace redbolt::runtime::test

namespace redbolt::runtime {

// How GoogleTest names the parameter of a test.
inline void PrintTo(const WeightTypeInfo& type, std::ostream* stream) {
  *stream << type.name;
}

}  // namespace redbolt::runtime
