// What is to go wrong on an emulated card, and when. A plan is text, so that it can stand in an
// option:
//
//   hang-wave@n=5;drop-fence=sdma:p=0.01;unplug@2.5s+1s;seed=7
//
//   plan    clause ';' clause ...
//   clause  kind ['=' target] ('@' when | ':' key '=' value) ...    or    seed=NUMBER
//   when    boot | TIME ['+' TIME] | n=NUMBER ['+' TIME]
//   TIME    a number with us, ms or s
//
// Each kind has its opportunities: every dispatch is one for hang-wave, every fence one for
// drop-fence. A clause strikes at every opportunity, or at the n-th (counted from 1 among those its
// target names), or at the first one after a time, or with probability p at each. `times` bounds
// how often; it is 1 where @ is given, and without bound otherwise. What lasts (`for`, `ms`, or
// '+' after @) is how long a mailbox stalls, a fence is held back, or the card is gone.
//
// | kind              | targets                | an opportunity is           | lasts           |
// | unplug            |                        | a doorbell; @TIME needs none | until back      |
// | hang-wave         |                        | a dispatch                  |                 |
// | drop-fence        | compute, sdma          | a fence written to memory   |                 |
// | delay-fence       | compute, sdma          | a fence written to memory   | needed          |
// | corrupt-interrupt |                        | an entry for a ring         |                 |
// | refuse-firmware   | kdb, sos, mec, rlc ... | an image handed over        |                 |
// | stall-mailbox     | psp, smu, smu-debug    | a command                   | else for good   |
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "redbolt/emulator/emulator_error.hpp"

namespace redbolt::emulator {

enum class FaultKind : std::uint8_t {
  unplug,
  hang_wave,
  drop_fence,
  delay_fence,
  corrupt_interrupt,
  refuse_firmware,
  stall_mailbox,
};
inline constexpr std::size_t fault_kinds = 7;

// Targets of drop-fence and delay-fence, and of stall-mailbox. Those of refuse-firmware are the
// kinds of images (blocks/firmware_image.hpp).
enum FenceTarget : std::uint32_t { fence_compute, fence_sdma };
enum MailboxTarget : std::uint32_t { mailbox_psp, mailbox_smu, mailbox_smu_debug };

struct FaultClause {
  FaultKind kind{};
  std::vector<std::uint32_t> targets;             // empty: all
  std::optional<std::chrono::nanoseconds> after;  // since the plan has been in force
  std::optional<std::uint64_t> nth;               // opportunity, from 1
  double probability = 1;                         // of each opportunity that `after` leaves
  std::optional<std::uint64_t> times;             // at most
  std::optional<std::chrono::nanoseconds> lasts;
};

struct FaultPlan {
  std::vector<FaultClause> clauses;
  std::optional<std::uint64_t> seed;  // of probabilities; else the card's
};

// The name of a kind in plans, such as "hang-wave".
std::string_view fault_name(FaultKind kind);

// An empty text is an empty plan. Throws EmulatorError(bad_option) whose text quotes the clause and
// says what is wrong with it.
FaultPlan parse_fault_plan(std::string_view text);

// The kinds with their targets, a line each, for --help.
std::string_view fault_plan_help();

}  // namespace redbolt::emulator
