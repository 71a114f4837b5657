#include <atomic>

#include "semantics/registry.hpp"
#include "semantics/scalars.hpp"

namespace redbolt::emulator {
namespace {

constexpr auto branch = InstructionClass::branch;
constexpr auto message = InstructionClass::message;

void nothing(Wave&, const Instruction&) {}

// The waits also order this wave's memory accesses with what it does next. On hosts with a weaker
// memory model than the card's programs expect, that takes a fence.
void wait_for_memory(Wave&, const Instruction&) {
  std::atomic_thread_fence(std::memory_order_acq_rel);
}

void end(Wave& wave, const Instruction&) {
  wave.status = WaveStatus::ended;
}
void barrier(Wave& wave, const Instruction&) {
  wave.status = WaveStatus::at_barrier;
}
void sleep(Wave& wave, const Instruction&) {
  wave.status = WaveStatus::yielded;
}

using Condition = bool (*)(const Wave&);

template <Condition condition>
void branch_if(Wave& wave, const Instruction& instruction) {
  if (condition(wave)) wave.branch(instruction.immediate);
}

bool always(const Wave&) {
  return true;
}
bool scc_clear(const Wave& wave) {
  return !wave.scc();
}
bool scc_set(const Wave& wave) {
  return wave.scc();
}
bool vcc_zero(const Wave& wave) {
  return wave.vcc() == 0;
}
bool vcc_nonzero(const Wave& wave) {
  return wave.vcc() != 0;
}
bool exec_zero(const Wave& wave) {
  return wave.exec() == 0;
}
bool exec_nonzero(const Wave& wave) {
  return wave.exec() != 0;
}

// Bits 3:0 of SIMM16 into a field of MODE.
template <std::uint32_t shift>
void set_mode_bits(Wave& wave, const Instruction& instruction) {
  const auto bits = static_cast<std::uint32_t>(instruction.immediate) & 15;
  wave.set_mode((wave.mode & ~(15u << shift)) | bits << shift);
}

void trap(Wave& wave, const Instruction& instruction) {
  wave.fail_illegal(instruction, "s_trap " + std::to_string(instruction.immediate & 0xff) +
                                     " without a trap handler");
}

// A halted wave stays where it is until its queue is reset: nobody is there who could wake it.
void stand_still(Wave& wave, const Instruction& instruction) {
  wave.next = &instruction;
  wave.status = WaveStatus::yielded;
}

void halt(Wave& wave, const Instruction& instruction) {
  if ((instruction.immediate & 1) != 0) stand_still(wave, instruction);
}

void kill(Wave& wave, const Instruction& instruction) {
  if ((instruction.immediate & 1) != 0) wave.status = WaveStatus::ended;
}

// Marks the end of a program's code for debuggers.
void end_of_code(Wave& wave, const Instruction& instruction) {
  wave.fail_illegal(instruction, "s_code_end is reached");
}

// The conditions of a debugger, which are never set.
bool debugged(const Wave&) {
  return false;
}

void send_message(Wave& wave, const Instruction& instruction) {
  constexpr std::int32_t interrupt = 1, deallocate_vgprs = 3;
  const std::int32_t id = instruction.immediate & 0xff;
  if (id == deallocate_vgprs) return;
  if (id == interrupt) {
    wave.dispatch->interrupted(wave.scalar[scalar_index::m0] & 0xffffff);
    return;
  }
  wave.fail_not_modelled(instruction, "s_sendmsg " + std::to_string(id) + ", of graphics,");
}

void send_message_and_halt(Wave& wave, const Instruction& instruction) {
  send_message(wave, instruction);
  if (wave.status == WaveStatus::running) stand_still(wave, instruction);
}

constexpr Binding bindings[] = {
    {"S_NOP", nothing, message},
    {"S_SETHALT", halt, message},
    {"S_SETKILL", kill, message},
    {"S_CODE_END", end_of_code, message},
    {"S_WAIT_EVENT", nothing, message},
    {"S_SENDMSGHALT", send_message_and_halt, message},
    {"S_ENDPGM_SAVED", end, message},
    {"S_CBRANCH_CDBGSYS", branch_if<debugged>, branch},
    {"S_CBRANCH_CDBGUSER", branch_if<debugged>, branch},
    {"S_CBRANCH_CDBGSYS_OR_USER", branch_if<debugged>, branch},
    {"S_CBRANCH_CDBGSYS_AND_USER", branch_if<debugged>, branch},
    {"S_SLEEP", sleep, message},
    {"S_SET_INST_PREFETCH_DISTANCE", nothing, message},
    {"S_CLAUSE", nothing, message},
    {"S_DELAY_ALU", nothing, message},
    {"S_WAITCNT_DEPCTR", nothing, message},
    {"S_WAITCNT", wait_for_memory, message},
    {"S_WAIT_IDLE", nothing, message},
    {"S_TRAP", trap, message},
    {"S_ROUND_MODE", set_mode_bits<0>, InstructionClass::salu},
    {"S_DENORM_MODE", set_mode_bits<4>, InstructionClass::salu},
    {"S_BRANCH", branch_if<always>, branch},
    {"S_CBRANCH_SCC0", branch_if<scc_clear>, branch},
    {"S_CBRANCH_SCC1", branch_if<scc_set>, branch},
    {"S_CBRANCH_VCCZ", branch_if<vcc_zero>, branch},
    {"S_CBRANCH_VCCNZ", branch_if<vcc_nonzero>, branch},
    {"S_CBRANCH_EXECZ", branch_if<exec_zero>, branch},
    {"S_CBRANCH_EXECNZ", branch_if<exec_nonzero>, branch},
    {"S_ENDPGM", end, message},
    {"S_WAKEUP", nothing, message},
    {"S_SETPRIO", nothing, message},
    {"S_SENDMSG", send_message, message},
    {"S_INCPERFLEVEL", nothing, message},
    {"S_DECPERFLEVEL", nothing, message},
    {"S_TTRACEDATA", nothing, message},
    {"S_TTRACEDATA_IMM", nothing, message},
    {"S_ICACHE_INV", nothing, message},
    {"S_BARRIER", barrier, message},
};

}  // namespace

std::span<const Binding> sopp_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
