// What a dispatch's registers mean: sizes, initial registers, and whether the card can run it at
// all.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "redbolt/emulator/shader/dispatcher.hpp"

namespace redbolt::emulator {

struct DispatchPlan {
  std::array<std::uint32_t, 3> start{};
  std::array<std::uint32_t, 3> end{};              // first workgroup id not run
  std::array<std::uint32_t, 3> threads{};          // of a full workgroup
  std::array<std::uint32_t, 3> partial_threads{};  // of the last workgroup of each dimension
  std::uint64_t workgroups = 0;
  std::uint32_t waves_per_workgroup = 0;
  std::uint32_t lds_bytes = 0;
  std::uint32_t vgprs = 0;
  std::uint32_t user_sgprs = 0;
  std::array<bool, 3> workgroup_id_sgpr{};
  bool workgroup_info_sgpr = false;
  std::uint32_t workitem_id_dimensions = 1;
  std::uint32_t mode = 0;
  std::uint32_t scratch_bytes_per_lane = 0;
  std::uint32_t scratch_workgroups = 0;  // how many can have scratch at once; 0: none is needed

  // Threads per dimension of one workgroup.
  std::array<std::uint32_t, 3> threads_of(const std::array<std::uint32_t, 3>& id) const;
  std::array<std::uint32_t, 3> workgroup_id(std::uint64_t index) const;
};

// Empty text: the plan is good. Otherwise why the dispatch is refused.
std::string make_plan(const Dispatch& dispatch, DispatchPlan& plan);

}  // namespace redbolt::emulator
