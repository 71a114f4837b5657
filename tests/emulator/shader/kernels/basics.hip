// First things first: indices, arguments, arithmetic, loops, divergence.
#include "prelude.hpp"

KERNEL store_ids(u32* out) {
  const u32 n = global_thread();
  out[n] = n;
}

KERNEL ids_3d(u32* out, u32 width, u32 height) {
  const u32 x = __builtin_amdgcn_workgroup_id_x() * 4 + __builtin_amdgcn_workitem_id_x();
  const u32 y = __builtin_amdgcn_workgroup_id_y() * 4 + __builtin_amdgcn_workitem_id_y();
  const u32 z = __builtin_amdgcn_workgroup_id_z() * 4 + __builtin_amdgcn_workitem_id_z();
  out[(z * height + y) * width + x] = x | y << 8 | z << 16;
}

KERNEL saxpy(float* y, const float* x, float a, u32 count) {
  const u32 n = global_thread();
  if (n < count) y[n] = __builtin_fmaf(a, x[n], y[n]);
}

KERNEL divide(float* out, const float* a, const float* b, u32 count) {
  const u32 n = global_thread();
  if (n < count) out[n] = a[n] / b[n];
}

KERNEL collatz(u32* steps, u32 count) {
  const u32 n = global_thread();
  if (n >= count) return;
  u32 value = n + 1;
  u32 taken = 0;
  while (value != 1) {
    value = value % 2 == 0 ? value / 2 : 3 * value + 1;
    ++taken;
  }
  steps[n] = taken;
}

KERNEL copy_wide(uint4_t* out, const uint4_t* in) { out[global_thread()] = in[global_thread()]; }
