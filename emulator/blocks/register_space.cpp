#include "blocks/register_space.hpp"

#include <algorithm>
#include <cstdio>
#include <unordered_map>

#include "blocks/register_address.hpp"
#include "redbolt/registers/gc_11_0_0.hpp"

namespace redbolt::emulator {
namespace {

constexpr unsigned page_shift = 10;
constexpr RegisterAddress page_registers = 1u << page_shift;
constexpr RegisterAddress selector = address_of(registers::gc::GRBM_GFX_CNTL);

enum CellFlag : std::uint8_t { is_known = 1, has_write_handler = 2, has_read_handler = 4 };

std::size_t instances(Banking banking) {
  switch (banking) {
    case Banking::none:
      return 1;
    case Banking::per_queue:
      return 4 * 4 * 8;
    case Banking::per_pipe:
      return 4 * 4;
    case Banking::per_vmid:
      return 16;
  }
  return 1;
}

std::size_t instance(Banking banking, Selection s) {
  switch (banking) {
    case Banking::none:
      return 0;
    case Banking::per_queue:
      return (s.me * 4u + s.pipe) * 8u + s.queue;
    case Banking::per_pipe:
      return s.me * 4u + s.pipe;
    case Banking::per_vmid:
      return s.vmid;
  }
  return 0;
}

std::string hexadecimal(RegisterAddress address) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%x", address);
  return text;
}

}  // namespace

Selection Selection::decode(std::uint32_t value) {
  const auto& fields = registers::gc::GRBM_GFX_CNTL;
  return {static_cast<std::uint8_t>(fields.meid.of(value)),
          static_cast<std::uint8_t>(fields.pipeid.of(value)),
          static_cast<std::uint8_t>(fields.queueid.of(value)),
          static_cast<std::uint8_t>(fields.vmid.of(value))};
}

struct RegisterSpace::Page {
  std::array<std::atomic<std::uint32_t>, page_registers> values{};
  std::array<std::uint8_t, page_registers> flags{};  // CellFlag; fixed once the card is built
  std::array<std::uint8_t, page_registers> bank{};   // index into banks_ plus one; fixed likewise
};

struct RegisterSpace::Bank {
  Bank(RegisterAddress first_register, std::uint32_t register_count, Banking how)
      : first(first_register),
        count(register_count),
        banking(how),
        values(count * instances(how)) {}
  RegisterAddress first;
  std::uint32_t count;
  Banking banking;
  std::vector<std::atomic<std::uint32_t>> values;
};

RegisterSpace::RegisterSpace(CounterRegistry& counters)
    : pages_(address_limit >> page_shift),
      reads_(counters.get("register_reads")),
      writes_(counters.get("register_writes")),
      unknown_accesses_(counters.get("unknown_registers")) {
  for (const auto table : registers::all_tables()) {
    for (const auto& description : table) {
      define(address_of(description.definition), description.definition.name);
    }
  }
}

RegisterSpace::~RegisterSpace() = default;

void RegisterSpace::define(RegisterAddress address, const char* name) {
  make_page(address).flags[address % page_registers] |= is_known;
  names_.emplace(address, name);
}

void RegisterSpace::define_bank(RegisterAddress first, std::uint32_t count, Banking banking) {
  banks_.push_back(std::make_unique<Bank>(first, count, banking));
  for (RegisterAddress address = first; address < first + count; ++address) {
    make_page(address).bank[address % page_registers] = static_cast<std::uint8_t>(banks_.size());
  }
}

void RegisterSpace::on_write(RegisterAddress first, std::uint32_t count, WriteHandler handler) {
  const auto shared = std::make_shared<const WriteHandler>(std::move(handler));
  for (RegisterAddress address = first; address < first + count; ++address) {
    make_page(address).flags[address % page_registers] |= has_write_handler;
    write_handlers_[address].push_back(shared);
  }
}

void RegisterSpace::on_read(RegisterAddress first, std::uint32_t count, ReadHandler handler) {
  const auto shared = std::make_shared<const ReadHandler>(std::move(handler));
  for (RegisterAddress address = first; address < first + count; ++address) {
    make_page(address).flags[address % page_registers] |= has_read_handler;
    read_handlers_[address] = shared;
  }
}

void RegisterSpace::set_reset_value(RegisterAddress address, std::uint32_t value) {
  reset_values_[address] = value;
  make_page(address).values[address % page_registers].store(value, std::memory_order_relaxed);
}

RegisterSpace::Page* RegisterSpace::page(RegisterAddress address) const {
  return address < address_limit ? pages_[address >> page_shift].load(std::memory_order_acquire)
                                 : nullptr;
}

RegisterSpace::Page& RegisterSpace::make_page(RegisterAddress address) {
  if (Page* existing = page(address)) return *existing;
  const std::lock_guard lock(grow_mutex_);
  if (Page* existing = page(address)) return *existing;
  owned_.push_back(std::make_unique<Page>());
  pages_[address >> page_shift].store(owned_.back().get(), std::memory_order_release);
  return *owned_.back();
}

std::atomic<std::uint32_t>* RegisterSpace::cell(RegisterAddress address,
                                                Selection selection) const {
  Page* const found = page(address);
  if (!found) return nullptr;
  const std::size_t index = address % page_registers;
  if (const std::uint8_t number = found->bank[index]) {
    Bank& bank = *banks_[number - 1];
    return &bank.values[instance(bank.banking, selection) * bank.count + (address - bank.first)];
  }
  return &found->values[index];
}

void RegisterSpace::note_unknown(RegisterAddress address) {
  unknown_accesses_.add();
  const std::lock_guard lock(grow_mutex_);
  ++unknown_[address];
}

std::uint32_t RegisterSpace::read_with_effects(RegisterAddress address, Selection selection) {
  Page* const found = page(address);
  const std::uint8_t flags = found ? found->flags[address % page_registers] : std::uint8_t{0};
  if (!(flags & is_known)) note_unknown(address);
  if (flags & has_read_handler) return (*read_handlers_.find(address)->second)(address, selection);
  return peek(address, selection);
}

void RegisterSpace::write_with_effects(RegisterAddress address, std::uint32_t value,
                                       Selection selection) {
  Page* const found = page(address);
  const std::uint8_t flags = found ? found->flags[address % page_registers] : std::uint8_t{0};
  if (!(flags & is_known)) note_unknown(address);
  if (address >= address_limit) return;
  make_page(address);
  const std::uint32_t previous =
      cell(address, selection)->exchange(value, std::memory_order_acq_rel);
  if (!(flags & has_write_handler)) return;
  const RegisterWrite write{address, value, previous, selection};
  for (const auto& handler : write_handlers_.find(address)->second) (*handler)(write);
}

std::uint32_t RegisterSpace::read(RegisterAddress address) {
  reads_.add();
  return read_with_effects(address, selection());
}

void RegisterSpace::write(RegisterAddress address, std::uint32_t value) {
  writes_.add();
  write_with_effects(address, value, selection());
}

std::uint32_t RegisterSpace::engine_read(RegisterAddress address, Selection selection) {
  return read_with_effects(address, selection);
}

void RegisterSpace::engine_write(RegisterAddress address, std::uint32_t value,
                                 Selection selection) {
  write_with_effects(address, value, selection);
}

std::uint32_t RegisterSpace::peek(RegisterAddress address, Selection selection) const {
  const auto* found = cell(address, selection);
  return found ? found->load(std::memory_order_acquire) : 0;
}

void RegisterSpace::poke(RegisterAddress address, std::uint32_t value, Selection selection) {
  if (address >= address_limit) return;
  make_page(address);
  cell(address, selection)->store(value, std::memory_order_release);
}

std::uint32_t RegisterSpace::update(RegisterAddress address, std::uint32_t mask, std::uint32_t bits,
                                    Selection selection) {
  if (address >= address_limit) return 0;
  make_page(address);
  auto& value = *cell(address, selection);
  std::uint32_t before = value.load(std::memory_order_acquire);
  while (!value.compare_exchange_weak(before, (before & ~mask) | (bits & mask),
                                      std::memory_order_acq_rel)) {
  }
  return before;
}

Selection RegisterSpace::selection() const {
  return Selection::decode(peek(selector));
}

void RegisterSpace::reset() {
  for (const auto& slot : pages_) {
    if (Page* found = slot.load(std::memory_order_acquire)) {
      for (auto& value : found->values) value.store(0, std::memory_order_relaxed);
    }
  }
  for (const auto& bank : banks_) {
    for (auto& value : bank->values) value.store(0, std::memory_order_relaxed);
  }
  for (const auto& [address, value] : reset_values_) poke(address, value);
}

std::string RegisterSpace::name(RegisterAddress address) const {
  const auto found = names_.find(address);
  return found == names_.end() ? hexadecimal(address) : found->second;
}

std::map<std::string, std::uint64_t> RegisterSpace::unknown_registers() const {
  const std::lock_guard lock(grow_mutex_);
  std::map<std::string, std::uint64_t> named;
  for (const auto& [address, count] : unknown_) named.emplace(hexadecimal(address), count);
  return named;
}

}  // namespace redbolt::emulator
