#include "scalar_case.hpp"

#include <sstream>

namespace redbolt::pseudocode {
namespace {

using emulator::Encoding;
using emulator::ValueType;
namespace fields = emulator::fields;
namespace index = emulator::scalar_index;

constexpr Type bits32{Kind::bits, 32};
constexpr Type bits64{Kind::bits, 64};

const Definitions& all_definitions() {
  static const Definitions definitions = block_named;
  return definitions;
}

u64 random_code_address(Random& random) {
  return State::code_base + 4 * (300 + random.below(300));
}

}  // namespace

ScalarCase::ScalarCase(const emulator::OpcodeInfo& info, Random& random, Machine& machine)
    : info_(info),
      definition_(definition_of(info)),
      random_(random),
      machine_(machine),
      name_(info.semantics) {
  randomise(before_, random_);
}

std::string ScalarCase::run() {
  choose();
  encode();
  expected_ = actual_ = before_;
  std::ostringstream text;
  text << info_.mnemonic << std::hex << " words 0x" << words_[0] << " 0x" << words_[1] << " SCC "
       << before_.scc << "\n  S0 0x" << source_[0].value << " S1 0x" << source_[1].value
       << " old 0x" << pair(before_, destination_) << "\n";
  if (!machine_.run(actual_, words_)) return text.str() + "  " + machine_.failure() + "\n";
  try {
    expect();
  } catch (const std::exception& error) {
    return text.str() + "  the definition: " + error.what() + "\n";
  }
  const std::string difference = differences(expected_, actual_);
  return difference.empty() ? difference : text.str() + difference;
}

u64 ScalarCase::pair(const State& state, u32 number) const {
  const u64 high = number + 1 < state.scalar.size() ? state.scalar[number + 1] : 0;
  return state.scalar[number] | high << 32;
}

void ScalarCase::choose() {
  has_literal_ = false;
  before_.pc = random_code_address(random_);
  before_.scc = random_.chance(2);
  before_.mode = random_mode(random_);
  before_.scalar[index::exec] = random_exec(random_);
  before_.scalar[index::vcc] = random_.chance(3) ? 0 : static_cast<u32>(random_.bits());
  if (random_.chance(5)) before_.scalar[index::exec] = 0;
  simm16_ = static_cast<u32>(random_operand(random_, ValueType::u16)) & 0xffff;
  destination_ = random_.chance(6) ? index::vcc : random_.below(50) * 2;
  const u64 old = random_operand(random_, info_.destination);
  before_.scalar[destination_] = static_cast<u32>(old);
  source_ = {};
  source_[0].type = info_.source0;
  source_[1].type = info_.source1;
  for (Source& source : source_) {
    if (source.type != ValueType::none) choose_source(source);
  }
  choose_special();
}

void ScalarCase::choose_source(Source& source) {
  const bool wide = dwords_of(source.type) == 2;
  const bool is_register = name_.find("MOVREL") != std::string::npos ||
                           info_.encoding == Encoding::sopk || random_.chance(2);
  if (is_register) {
    const bool first = &source == &source_[0];
    source.field = (first ? 0 : 50) + random_.below(25) * 2;
    u64 value = random_operand(random_, source.type);
    if (!first && random_.chance(4)) value = related_value(random_, source_[0].value);
    before_.scalar[source.field] = static_cast<u32>(value);
    if (wide) before_.scalar[source.field + 1] = static_cast<u32>(value >> 32);
    source.value = wide ? value : value & 0xffffffff;
  } else if (!wide && !has_literal_ && random_.chance(2)) {
    source.field = index::literal;
    has_literal_ = true;
    literal_ = static_cast<u32>(random_operand(random_, source.type));
    source.value = literal_;
  } else {
    const auto n = static_cast<std::int64_t>(random_.below(81));
    source.field = static_cast<u32>(128 + n);
    source.value = static_cast<u64>(n <= 64 ? n : 64 - n) & (wide ? ~u64{0} : 0xffffffff);
  }
}

// Where not every operand makes sense.
void ScalarCase::choose_special() {
  const auto is = [&](const char* part) { return name_.find(part) != std::string::npos; };
  if (is("BRANCH") || is("S_CALL")) simm16_ = (random_.below(400) - 200) & 0xffff;
  if (is("SETPC") || is("SWAPPC")) {
    source_[0].field = 20;
    source_[0].value = random_code_address(random_);
    before_.scalar[20] = static_cast<u32>(source_[0].value);
    before_.scalar[21] = static_cast<u32>(source_[0].value >> 32);
    has_literal_ = false;
  }
  if (is("MOVREL")) {
    if (destination_ >= 100) destination_ = 40;
    const u32 low = random_.below(3) * 2;
    before_.scalar[index::m0] = is("_2_") ? low | (random_.below(3) * 2) << 16 : low;
    if (source_[0].field > 90) source_[0].field = 90;
    if (destination_ > 90) destination_ = 90;
    source_[0].value = pair(before_, source_[0].field);
  }
  if (is("GETREG") || is("SETREG")) simm16_ = (simm16_ & ~63u) | 1;  // MODE
  if (is("SETREG_IMM32")) {
    has_literal_ = true;
    literal_ = static_cast<u32>(random_.bits());
  }
  // The register that the instruction names is what it reads.
  if (info_.encoding == Encoding::sopk) source_[0].value = pair(before_, destination_);
}

void ScalarCase::encode() {
  Encoder e(info_);
  switch (info_.encoding) {
    case Encoding::sop1:
      e.put(fields::sop1::sdst, destination_).put(fields::sop1::ssrc0, source_[0].field);
      break;
    case Encoding::sop2:
      e.put(fields::sop2::sdst, destination_);
      e.put(fields::sop2::ssrc0, source_[0].field).put(fields::sop2::ssrc1, source_[1].field);
      break;
    case Encoding::sopc:
      e.put(fields::sopc::ssrc0, source_[0].field).put(fields::sopc::ssrc1, source_[1].field);
      break;
    case Encoding::sopk:
      e.put(fields::sopk::sdst, destination_).put(fields::sopk::simm16, simm16_);
      break;
    default:
      e.put(fields::sopp::simm16, simm16_);
  }
  if (has_literal_) e.literal(literal_);
  words_ = e.words();
  length_ = e.length() + (has_literal_ ? 1 : 0);
}

void ScalarCase::give_registers(Evaluator& e) const {
  e.control = FloatMode(before_.mode).control;
  e.set("S0", bits64, static_cast<i128>(source_[0].value));
  e.set("S1", bits64, static_cast<i128>(source_[1].value));
  e.set("SIMM16", {Kind::bits, 16}, simm16_);
  e.set("SIMM32", bits32, literal_);
  e.set("SRC0", bits32, source_[0].field);
  e.set("DST", bits32, destination_);
  e.set("SCC", {Kind::unsigned_integer, 1}, before_.scc ? 1 : 0);
  e.set("M0", bits32, before_.scalar[index::m0]);
  e.set("EXEC", bits64, static_cast<i128>(pair(before_, index::exec)));
  e.set("EXECZ", {Kind::bits, 1}, before_.exec() == 0 ? 1 : 0);
  e.set("VCCZ", {Kind::bits, 1}, before_.scalar[index::vcc] == 0 ? 1 : 0);
  e.set("PC", {Kind::signed_integer, 64}, static_cast<i128>(before_.pc));
  e.set("MODE", bits32, before_.mode);
  e.set("WAVE_STATUS.PRIV", bits32, 0);
  std::vector<i128> hardware(64);
  hardware[1] = before_.mode;
  e.set_array("HW_REGISTERS", bits32, hardware);
  const unsigned dwords = dwords_of(info_.destination);
  e.set(
      "D0", bits64,
      static_cast<i128>(dwords == 2 ? pair(before_, destination_) : before_.scalar[destination_]));
}

void ScalarCase::expect() {
  StateSurroundings surroundings(expected_, false);
  Evaluator e(surroundings, all_definitions());
  give_registers(e);
  e.run(*definition_.block);
  take_registers(e);
}

void ScalarCase::take_registers(Evaluator& e) {
  const auto exec = static_cast<u64>(e.bits("EXEC", 64));
  if (exec != pair(before_, index::exec)) {
    expected_.scalar[index::exec] = static_cast<u32>(exec);
    expected_.scalar[index::exec_high] = static_cast<u32>(exec >> 32);
  }
  expected_.scc = e.bits("SCC", 1) != 0;
  expected_.mode = static_cast<u32>(e.bits("MODE", 32));
  if (definition_.mentions("HW_REGISTERS"))
    expected_.mode = static_cast<u32>(e.variable("HW_REGISTERS").elements[1].number);
  const auto pc = static_cast<u64>(e.bits("PC", 64));
  const bool jumps = definition_.mentions("PC = ");
  expected_.pc = jumps ? pc : before_.pc + 4 * length_;
  if (!definition_.mentions("D0")) return;
  const auto result = static_cast<u64>(e.bits("D0", 64));
  expected_.scalar[destination_] = static_cast<u32>(result);
  if (dwords_of(info_.destination) == 2)
    expected_.scalar[destination_ + 1] = static_cast<u32>(result >> 32);
}

}  // namespace redbolt::pseudocode
