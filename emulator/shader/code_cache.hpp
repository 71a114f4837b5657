// Decoded machine code. A CodePage holds one 4 KiB page of it, an Instruction per dword, each
// decoded when a wave first arrives there; pages are shared by all workers. A CodeView is one
// worker's way to the pages during one dispatch: it compares a page with memory when the dispatch
// first enters it, so that changed code is decoded anew.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "instruction.hpp"
#include "redbolt/emulator/shader/memory_port.hpp"

namespace redbolt::emulator {

inline constexpr std::uint64_t code_page_size = 4096;
inline constexpr std::uint64_t code_page_dwords = code_page_size / 4;

// Threads: slots are decoded under a mutex and published by their handler; everything else is
// const.
class CodePage {
 public:
  using Words = std::array<std::uint32_t, code_page_dwords>;

  // `vgpr_limit`: instructions that use higher VGPRs are illegal in the kernel.
  CodePage(std::uint64_t base, unsigned vgpr_limit, const Words& words);

  std::uint64_t base() const { return base_; }
  const Words& words() const { return words_; }
  bool contains(std::uint64_t address) const { return address - base_ < code_page_size; }
  const Instruction* at(std::uint64_t address) const { return &slots_[(address - base_) / 4]; }
  std::uint64_t address_of(const Instruction& instruction) const {
    return base_ + static_cast<std::uint64_t>(&instruction - slots_.data()) * 4;
  }

  unsigned vgpr_limit() const { return vgpr_limit_; }

  // Decodes the slot `instruction` if nobody has yet.
  void decode(const Instruction& instruction) const;

 private:
  std::uint64_t base_;
  unsigned vgpr_limit_;
  Words words_;
  mutable std::mutex mutex_;  // guards decoding: slots_ that are not yet decoded, extras_
  mutable std::vector<Instruction> slots_;  // the last one leads to the page that follows
  mutable std::deque<InstructionExtra> extras_;
};

// All pages decoded so far. Threads: any.
class CodeCache {
 public:
  // The page with these words, decoded or not. Pages of other contents at the same place are
  // dropped.
  std::shared_ptr<const CodePage> page(std::uint64_t base, unsigned vgpr_limit,
                                       const CodePage::Words& words);
  void clear();

 private:
  static constexpr std::size_t page_limit = 1024;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::shared_ptr<const CodePage>> pages_;
};

// One worker's pages of one dispatch. Threads: one.
class CodeView {
 public:
  CodeView(CodeCache& cache, MemoryPort& port, unsigned vgpr_limit)
      : cache_(cache), port_(port), vgpr_limit_(vgpr_limit) {}

  // nullptr when the fetch faults (the port has recorded it).
  const CodePage* page(std::uint64_t address);

 private:
  bool fetch(std::uint64_t base, CodePage::Words& words);

  CodeCache& cache_;
  MemoryPort& port_;
  unsigned vgpr_limit_;
  std::unordered_map<std::uint64_t, std::shared_ptr<const CodePage>> pages_;
};

}  // namespace redbolt::emulator
