#include "code_cache.hpp"

#include <algorithm>
#include <cstring>

#include "decode/decoder.hpp"
#include "wave.hpp"

namespace redbolt::emulator {
namespace {

// The main loop has counted the placeholder; what counts is the instruction behind it.
void count_instead(Wave& wave, InstructionClass kind) {
  --wave.executed[static_cast<std::size_t>(InstructionClass::message)];
  ++wave.executed[static_cast<std::size_t>(kind)];
}

void decode_then_execute(Wave& wave, const Instruction& instruction) {
  wave.page->decode(instruction);
  const Handler handler = instruction.handler.load(std::memory_order_acquire);
  count_instead(wave, instruction.kind);
  wave.next = &instruction + instruction.slots;
  handler(wave, instruction);
}

// Sits behind a page's last dword; Wave::next has run off the page.
void enter_next_page(Wave& wave, const Instruction& instruction) {
  --wave.executed[static_cast<std::size_t>(InstructionClass::message)];
  wave.jump(wave.page->address_of(instruction));
}

// An instruction whose last dwords are in the page that follows, which may change without this one:
// decoded each time.
void execute_straddling(Wave& wave, const Instruction& instruction) {
  const CodePage& first = *wave.page;
  const std::size_t slot = (first.address_of(instruction) - first.base()) / 4;
  const CodePage* second = wave.code->page(first.base() + code_page_size);
  if (second == nullptr) {
    wave.jump(first.base() + code_page_size);  // reports the fault
    return;
  }
  std::array<std::uint32_t, 3> words{};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::size_t position = slot + i;
    words[i] = position < code_page_dwords ? first.words()[position]
                                           : second->words()[position - code_page_dwords];
  }
  Decoded decoded = decode_instruction(words, first.vgpr_limit());
  if (decoded.has_extra) decoded.instruction.extra = &decoded.extra;
  count_instead(wave, decoded.instruction.kind);
  wave.jump(first.address_of(instruction) + decoded.instruction.slots * std::uint64_t{4});
  decoded.instruction.handler.load(std::memory_order_relaxed)(wave, decoded.instruction);
}

}  // namespace

Instruction::Instruction(const Instruction& other) {
  *this = other;
}

Instruction& Instruction::operator=(const Instruction& other) {
  source = other.source;
  destination = other.destination;
  scalar_destination = other.scalar_destination;
  immediate = other.immediate;
  slots = other.slots;
  kind = other.kind;
  flags = other.flags;
  output_modifier = other.output_modifier;
  opcode = other.opcode;
  extra = other.extra;
  handler.store(other.handler.load(std::memory_order_relaxed), std::memory_order_release);
  return *this;
}

CodePage::CodePage(std::uint64_t base, unsigned vgpr_limit, const Words& words)
    : base_(base), vgpr_limit_(vgpr_limit), words_(words), slots_(code_page_dwords + 1) {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    slots_[i].kind = InstructionClass::message;
    slots_[i].slots = 0;
    slots_[i].handler.store(i < code_page_dwords ? decode_then_execute : enter_next_page,
                            std::memory_order_relaxed);
  }
}

void CodePage::decode(const Instruction& instruction) const {
  const std::lock_guard lock(mutex_);
  const auto slot = static_cast<std::size_t>(&instruction - slots_.data());
  if (slots_[slot].handler.load(std::memory_order_relaxed) != decode_then_execute) return;
  std::array<std::uint32_t, 3> words{};
  for (std::size_t i = 0; i < words.size() && slot + i < code_page_dwords; ++i) {
    words[i] = words_[slot + i];
  }
  const Decoded decoded = decode_instruction(words, vgpr_limit_);
  if (slot + decoded.instruction.slots > code_page_dwords) {
    slots_[slot].handler.store(execute_straddling, std::memory_order_release);
    return;
  }
  Instruction result = decoded.instruction;
  if (decoded.has_extra) {
    extras_.push_back(decoded.extra);
    result.extra = &extras_.back();
  }
  slots_[slot] = result;
}

std::shared_ptr<const CodePage> CodeCache::page(std::uint64_t base, unsigned vgpr_limit,
                                                const CodePage::Words& words) {
  // Page bases are multiples of 4 KiB, so the VGPR limit fits below.
  const std::uint64_t key = base | vgpr_limit;
  const std::lock_guard lock(mutex_);
  auto& entry = pages_[key];
  if (entry == nullptr || entry->words() != words) {
    entry = std::make_shared<const CodePage>(base, vgpr_limit, words);
    if (pages_.size() > page_limit) {
      const auto kept = entry;
      pages_.clear();
      pages_[key] = kept;
      return kept;
    }
  }
  return entry;
}

void CodeCache::clear() {
  const std::lock_guard lock(mutex_);
  pages_.clear();
}

const CodePage* CodeView::page(std::uint64_t address) {
  const std::uint64_t base = address & ~(code_page_size - 1);
  auto found = pages_.find(base);
  if (found == pages_.end()) {
    CodePage::Words words{};
    if (!fetch(base, words)) return nullptr;
    found = pages_.emplace(base, cache_.page(base, vgpr_limit_, words)).first;
  }
  return found->second.get();
}

bool CodeView::fetch(std::uint64_t base, CodePage::Words& words) {
  MemoryPort::Page page;
  if (!port_.lookup(base, MemoryAccess::execute, page)) return false;
  std::memcpy(words.data(), page.host + (base - page.base), code_page_size);
  return true;
}

}  // namespace redbolt::emulator
