#include "memory_case.hpp"

#include <algorithm>
#include <sstream>

namespace redbolt::pseudocode {
namespace {

using emulator::Encoding;
using emulator::ValueType;
namespace fields = emulator::fields;
namespace index = emulator::scalar_index;

constexpr Type bits32{Kind::bits, 32};
constexpr Type bits64{Kind::bits, 64};
constexpr Type bits128{Kind::bits, 128};
constexpr u32 lane_bytes = 64;  // each lane has its own piece of memory: no order among lanes

const Definitions& all_definitions() {
  static const Definitions definitions = block_named;
  return definitions;
}

i128 joined(const std::vector<u32>& words) {
  u128 value = 0;
  for (std::size_t i = 0; i < words.size() && i < 4; ++i) value |= u128{words[i]} << (32 * i);
  return static_cast<i128>(value);
}

}  // namespace

MemoryCase::MemoryCase(const emulator::OpcodeInfo& info, Random& random, Machine& machine)
    : info_(info),
      definition_(definition_of(info)),
      random_(random),
      machine_(machine),
      name_(info.semantics) {
  randomise(before_, random_);
}

std::string MemoryCase::run() {
  choose();
  encode();
  expected_ = actual_ = before_;
  expected_.pc += 8;
  std::ostringstream text;
  text << info_.mnemonic << std::hex << " words 0x" << words_[0] << " 0x" << words_[1] << " exec 0x"
       << before_.exec() << " offset 0x" << offset_ << "\n";
  if (!machine_.run(actual_, words_)) return text.str() + "  " + machine_.failure() + "\n";
  try {
    expect();
  } catch (const std::exception& error) {
    return text.str() + "  the definition: " + error.what() + "\n";
  }
  settle_nans();
  const std::string difference = differences(expected_, actual_);
  return difference.empty() ? difference : text.str() + difference;
}

bool MemoryCase::is_atomic() const {
  return names("ATOMIC") || (is_lds() && !names("LOAD") && !names("DS_STORE_") &&
                             !names("PERMUTE") && !names("SWIZZLE"));
}

void MemoryCase::choose() {
  before_.scalar[index::exec] = random_exec(random_);
  if (before_.exec() == 0) before_.scalar[index::exec] = 4;
  before_.mode = random_mode(random_);
  const ValueType type = info_.source1 == ValueType::none ? ValueType::b32 : info_.source1;
  const bool is_float = names("_F32") || names("_F64");
  const ValueType drawn = !is_float ? type : names("_F64") ? ValueType::f64 : ValueType::f32;
  const auto draw = [&] { return random_operand(random_, drawn); };
  for (std::size_t i = 0; i < before_.memory.size(); i += 8) {
    const u64 low = draw(), high = dwords_of(drawn) == 2 ? low >> 32 : draw();
    const u64 both = (low & 0xffffffff) | high << 32;
    for (unsigned b = 0; b < 8; ++b) {
      before_.memory[i + b] = static_cast<std::uint8_t>(both >> (8 * b));
      before_.lds[i + b] = before_.memory[i + b];
    }
  }
  for (unsigned lane = 0; lane < lanes; ++lane) {
    for (u32 r = data_; r < destination_; r += 2) {
      const u64 low = draw(), high = dwords_of(drawn) == 2 ? low >> 32 : draw();
      before_.vgpr[r][lane] = static_cast<u32>(low);
      before_.vgpr[r + 1][lane] = static_cast<u32>(high);
    }
  }
  returns_ = true;
  if (is_lds()) {
    choose_lds();
  } else if (info_.encoding == Encoding::smem) {
    choose_scalar();
  } else {
    choose_flat();
  }
  // Memory that holds what it is compared with, or nearly.
  if (is_atomic() && !names("2ADDR")) {
    const bool wide = names("64");
    StateSurroundings memory(before_, is_lds());
    for (unsigned lane = 0; lane < lanes; ++lane) {
      if (!before_.active(lane) || !random_.chance(3)) continue;
      const u64 data = before_.vgpr[data_][lane] | u64{before_.vgpr[data_ + 1][lane]} << 32;
      memory.set_memory(target_[lane], wide ? 64 : 32, related_value(random_, data));
    }
  }
  if (!names("CMP")) return;
  for (unsigned lane = 0; lane < lanes; lane += 2) {
    const bool wide = names("64");
    StateSurroundings memory(before_, is_lds());
    const u32 compared = is_lds() ? data2_ : data_ + (wide ? 2 : 1);
    const u128 value = before_.vgpr[compared][lane] | u128{before_.vgpr[compared + 1][lane]} << 32;
    if (before_.active(lane)) memory.set_memory(target_[lane], wide ? 64 : 32, value);
  }
}

// A place in each lane's piece for 16 bytes; atomics want their alignment.
void MemoryCase::choose_target_offsets() {
  const bool aligned = is_atomic() || is_lds();
  for (unsigned lane = 0; lane < lanes; ++lane) {
    const u32 within = random_.below(lane_bytes - 16);
    target_[lane] = lane * lane_bytes + (aligned ? within & ~15u : within);
  }
}

void MemoryCase::choose_lds() {
  choose_target_offsets();
  const bool two = names("2ADDR");
  if (two) {
    const bool far = names("STRIDE64");
    // Elements 0 to 3 of each lane's piece; or of pieces 64 elements apart.
    offset_ = random_.below(3) | (3 + (far ? random_.below(20) : 0)) << 8;
    for (unsigned lane = 0; lane < lanes; ++lane) target_[lane] = lane * (far ? 8 : lane_bytes);
  } else if (names("ADDTID") || names("APPEND") || names("CONSUME")) {
    before_.scalar[index::m0] = random_.below(1000) * 4 | random_.below(100) << 16;
    offset_ = random_.below(1000) * 4;
  } else if (names("PERMUTE") || names("SWIZZLE")) {
    offset_ = names("SWIZZLE") ? random_.below(65536) : random_.below(256);
    for (unsigned lane = 0; lane < lanes; ++lane)
      target_[lane] = random_.chance(4) ? static_cast<u32>(random_.bits()) : random_.below(128);
  } else {
    offset_ = random_.below(200) * 16;
  }
  for (unsigned lane = 0; lane < lanes; ++lane) {
    before_.vgpr[address_][lane] = static_cast<u32>(target_[lane]);
    if (!two && !names("PERMUTE") && !names("SWIZZLE")) target_[lane] += offset_;
  }
}

void MemoryCase::choose_flat() {
  const bool scratch = info_.encoding == Encoding::scratch;
  const bool flat = info_.encoding == Encoding::flat;
  returns_ = !is_atomic() || random_.chance(2);
  has_scalar_address_ = !flat && random_.chance(2);
  has_vector_address_ = !scratch || !has_scalar_address_ || random_.chance(2);
  if (scratch && !has_scalar_address_) has_vector_address_ = random_.chance(2);
  scalar_address_ = random_.below(50) * 2;
  choose_target_offsets();
  const auto offset = flat ? static_cast<std::int32_t>(random_.below(2048))
                           : static_cast<std::int32_t>(random_.below(8192)) - 4096;
  offset_ = static_cast<u32>(offset) & 0x1fff;
  u32 scalar = scratch ? static_cast<u32>(random_.bits()) : 0;
  if (!has_scalar_address_) scalar = 0;
  for (unsigned lane = 0; lane < lanes; ++lane) {
    if (scratch) {
      target_[lane] = random_.below(State::scratch_bytes_per_lane - 16);
      // Without a vector address all lanes have the same offset.
      if (!has_vector_address_) target_[lane] = target_[0];
      if (!has_vector_address_ && !has_scalar_address_) target_[lane] = offset_ = 64;
    } else {
      target_[lane] += State::memory_base;
    }
  }
  const auto immediate = static_cast<u64>(static_cast<std::int64_t>(offset));
  if (scratch) {
    if (!has_vector_address_ && has_scalar_address_)
      scalar = static_cast<u32>(target_[0] - immediate);
    if (has_scalar_address_) before_.scalar[scalar_address_] = scalar;
    for (unsigned lane = 0; lane < lanes; ++lane)
      before_.vgpr[address_][lane] = static_cast<u32>(target_[lane] - immediate - scalar);
    return;
  }
  const u64 base = has_scalar_address_ ? State::memory_base - 5000 : 0;
  if (has_scalar_address_) {
    before_.scalar[scalar_address_] = static_cast<u32>(base);
    before_.scalar[scalar_address_ + 1] = static_cast<u32>(base >> 32);
  }
  for (unsigned lane = 0; lane < lanes; ++lane) {
    const u64 rest = target_[lane] - immediate - base;
    before_.vgpr[address_][lane] = static_cast<u32>(rest);
    before_.vgpr[address_ + 1][lane] =
        has_scalar_address_ ? static_cast<u32>(random_.bits()) : static_cast<u32>(rest >> 32);
  }
}

void MemoryCase::choose_scalar() {
  scalar_address_ = random_.below(20) * 2;
  has_scalar_address_ = random_.chance(2);  // an offset register
  scalar_destination_ = 48 + random_.below(2) * 16;
  scalar_target_ = State::memory_base + random_.below(900) * 4;
  const auto offset = static_cast<std::int32_t>(random_.below(1u << 21)) - (1 << 20);
  offset_ = static_cast<u32>(offset) & 0x1fffff;
  const u32 soffset = has_scalar_address_ ? random_.below(100000) : 0;
  before_.scalar[44] = soffset;
  const u64 base = scalar_target_ - static_cast<u64>(static_cast<std::int64_t>(offset)) - soffset;
  before_.scalar[scalar_address_] = static_cast<u32>(base);
  before_.scalar[scalar_address_ + 1] = static_cast<u32>(base >> 32);
}

void MemoryCase::encode() {
  Encoder e(info_);
  if (is_lds()) {
    e.put(fields::ds::addr, address_).put(fields::ds::data0, data_).put(fields::ds::data1, data2_);
    e.put(fields::ds::vdst, destination_);
    e.put(fields::ds::offset0, offset_ & 0xff).put(fields::ds::offset1, offset_ >> 8);
  } else if (info_.encoding == Encoding::smem) {
    e.put(fields::smem::sbase, scalar_address_ / 2).put(fields::smem::sdata, scalar_destination_);
    e.put(fields::smem::offset, offset_);
    e.put(fields::smem::soffset, has_scalar_address_ ? 44 : index::null);
  } else {
    e.put(fields::flat::addr, address_).put(fields::flat::data, data_);
    e.put(fields::flat::vdst, destination_).put(fields::flat::offset, offset_);
    e.put(fields::flat::saddr, has_scalar_address_ ? scalar_address_ : index::null);
    e.put(fields::flat::glc, is_atomic() && returns_ ? 1 : 0);
    const bool scratch = info_.encoding == Encoding::scratch;
    e.put(fields::flat::sve, scratch && has_vector_address_ ? 1 : 0);
  }
  words_ = e.words();
}

std::vector<u32> MemoryCase::registers(u32 first, unsigned dwords, unsigned lane) const {
  std::vector<u32> result;
  for (unsigned d = 0; d < dwords; ++d) result.push_back(before_.vgpr[first + d][lane]);
  return result;
}

void MemoryCase::give_registers(Evaluator& e, unsigned lane) {
  const bool names_offsets = definition_.mentions("OFFSET");
  const u64 vector_address = before_.vgpr[address_][lane];
  e.set("ADDR", bits64, static_cast<i128>(names_offsets ? vector_address : target_[lane]));
  e.set("ADDR_BASE", bits32, static_cast<i128>(vector_address));
  e.set("OFFSET", {Kind::bits, 16}, offset_);
  e.set("OFFSET0", {Kind::bits, 8}, offset_ & 0xff);
  e.set("OFFSET1", {Kind::bits, 8}, offset_ >> 8);
  e.set("DATA", bits128, joined(registers(data_, 4, lane)));
  e.set("DATA0", bits128, joined(registers(data_, 4, lane)));
  e.set("DATA2", bits128, joined(registers(data2_, 4, lane)));
  const bool loads = info_.destination_dwords != 0;
  e.set("VDATA", bits128, joined(registers(loads ? destination_ : data_, 4, lane)));
  e.set("RETURN_DATA", bits128, joined(registers(destination_, 4, lane)));
  e.set("laneID", bits32, lane);
  e.set("M0", bits32, before_.scalar[index::m0]);
}

void MemoryCase::expect() {
  if (info_.encoding == Encoding::smem) return expect_scalar();
  if (definition_.mentions("VGPR[")) return expect_wave();
  for (unsigned lane = 0; lane < lanes; ++lane) {
    if (before_.active(lane)) expect_lane(lane);
  }
}

void MemoryCase::expect_lane(unsigned lane) {
  StateSurroundings surroundings(expected_, is_lds());
  if (info_.encoding == Encoding::scratch) surroundings.address_scratch_of(lane);
  Evaluator e(surroundings, all_definitions());
  give_registers(e, lane);
  e.run(*definition_.block);
  if (info_.destination_dwords == 0 || !returns_) return;
  const u128 result = e.bits(definition_.mentions("VDATA") ? "VDATA" : "RETURN_DATA", 128);
  for (unsigned d = 0; d < info_.destination_dwords; ++d)
    expected_.vgpr[destination_ + d][lane] = static_cast<u32>(result >> (32 * d));
}

void MemoryCase::expect_wave() {
  StateSurroundings surroundings(expected_, true);
  Evaluator e(surroundings, all_definitions());
  e.set("ADDR", bits32, address_);
  e.set("DATA0", bits32, data_);
  e.set("VDST", bits32, destination_);
  e.set("OFFSET", {Kind::bits, 16}, offset_);
  e.set("EXEC", bits64, before_.exec());
  e.set("WAVE64", bits32, 0);
  e.set("M0", bits32, before_.scalar[index::m0]);
  e.run(*definition_.block);
}

void MemoryCase::expect_scalar() {
  StateSurroundings surroundings(expected_, false);
  Evaluator e(surroundings, all_definitions());
  e.set("ADDR", bits64, static_cast<i128>(scalar_target_));
  std::vector<u32> data(16);
  std::copy_n(before_.scalar.begin() + scalar_destination_, 16, data.begin());
  e.set_wide("SDATA", data);
  e.run(*definition_.block);
  const auto& words = e.variable("SDATA").words;
  std::copy(words.begin(), words.end(), expected_.scalar.begin() + scalar_destination_);
}

// Which NaN an atomic addition leaves is open.
void MemoryCase::settle_nans() {
  if (!names("ADD_F32")) return;
  StateSurroundings wanted(expected_, is_lds());
  StateSurroundings got(actual_, is_lds());
  for (unsigned lane = 0; lane < lanes; ++lane) {
    if (!before_.active(lane)) continue;
    const auto a = unpack(static_cast<u64>(wanted.memory(target_[lane], 32)), format_f32);
    const auto bits = static_cast<u64>(got.memory(target_[lane], 32));
    const bool both = a.kind == Number::Kind::nan && unpack(bits, format_f32).kind == a.kind;
    if (both && !is_signaling(unpack(bits, format_f32))) wanted.set_memory(target_[lane], 32, bits);
  }
}

}  // namespace redbolt::pseudocode
