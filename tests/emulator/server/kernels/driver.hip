// Kernels for groups of 32 that another driver than Redbolt's runs: nothing but their arguments.
#include "../../shader/kernels/prelude.hpp"

__device__ inline u32 item() {
  return group() * 32 + thread();
}

KERNEL add_one(float* out, const float* in) {
  out[item()] = in[item()] + 1.0f;
}

// Reverses a group's values through LDS.
KERNEL reverse(u32* out, const u32* in) {
  __shared__ u32 values[32];
  values[thread()] = in[item()];
  barrier();
  out[item()] = values[31 - thread()];
}

// A private array that is indexed by data lies in scratch.
KERNEL scatter_in_scratch(u32* out, const u32* places) {
  u32 values[64];
  for (u32 i = 0; i < 64; ++i) values[i] = i * 1000;
  for (u32 i = 0; i < 8; ++i) values[places[i] & 63] += item();
  u32 sum = 0;
  for (u32 i = 0; i < 64; ++i) sum = sum * 31 + values[i];
  out[item()] = sum;
}

KERNEL load(u32* out, const u32* from) {
  *out = *from;
}

KERNEL store(u32* to, u32 value) {
  *to = value;
}

KERNEL illegal() {
  asm volatile(".long 0xffffffff");
}

KERNEL endless(volatile u32* running) {
  *running = 1;
  while (true) __builtin_amdgcn_s_sleep(1);
}
