// LDS, barriers, atomics, scratch, calls, waits: what kernels are made of besides arithmetic.
#include "prelude.hpp"

// Sums 256 values per workgroup by halving in LDS.
KERNEL reduce_lds(float* out, const float* in) {
  __shared__ float values[256];
  const u32 t = thread();
  values[t] = in[global_thread()];
  barrier();
  for (u32 half_size = 128; half_size > 0; half_size /= 2) {
    if (t < half_size) values[t] += values[t + half_size];
    barrier();
  }
  if (t == 0) out[group()] = values[0];
}

// Reverses 32 KiB through dynamic LDS, 16 bytes at a time.
KERNEL reverse_dynamic(uint4_t* out, const uint4_t* in) {
  extern __shared__ uint4_t staged[];
  const u32 t = thread();
  const u32 count = group_size();
  staged[t] = in[global_thread()];
  barrier();
  out[global_thread()] = staged[count - 1 - t];
}

KERNEL atomics(u32* out, const u32* values, u32 count) {
  const u32 n = global_thread();
  if (n >= count) return;
  __atomic_fetch_add(&out[0], values[n], __ATOMIC_RELAXED);
  __hip_atomic_fetch_max(&out[1], values[n], __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
  __hip_atomic_fetch_min(&out[2], values[n], __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
  __atomic_fetch_xor(&out[3], values[n], __ATOMIC_RELAXED);
  const u32 place = __atomic_fetch_add(&out[4], 1u, __ATOMIC_RELAXED);
  out[8 + place] = n;
}

KERNEL histogram_lds(u32* out, const u8* in) {
  __shared__ u32 bins[256];
  const u32 t = thread();
  bins[t] = 0;
  barrier();
  for (u32 i = 0; i < 16; ++i) __atomic_fetch_add(&bins[in[(group() * 256 + t) * 16 + i]], 1u, __ATOMIC_RELAXED);
  barrier();
  __atomic_fetch_add(&out[t], bins[t], __ATOMIC_RELAXED);
}

// A private array indexed by data lives in scratch.
KERNEL private_sort(u32* data, u32 count) {
  u32 values[24];
  u32* mine = data + global_thread() * 24;
  for (u32 i = 0; i < 24; ++i) values[i] = mine[i];
  for (u32 i = 1; i < 24; ++i) {
    const u32 value = values[i];
    u32 j = i;
    while (j > 0 && values[j - 1] > value) {
      values[j] = values[j - 1];
      --j;
    }
    values[j] = value;
  }
  for (u32 i = 0; i < count; ++i) mine[i] = values[i];
}

// Bytes and halves in scratch, at offsets that differ between lanes.
KERNEL private_bytes(u32* out, u32 seed) {
  volatile u8 bytes[40];
  for (u32 i = 0; i < 40; ++i) bytes[i] = static_cast<u8>(seed + i * 7);
  const u32 t = thread();
  bytes[t % 40] = static_cast<u8>(t);
  u32 sum = 0;
  for (u32 i = 0; i < 40; ++i) sum = sum * 31 + bytes[(i + t) % 40];
  out[global_thread()] = sum;
}

__attribute__((noinline)) __device__ u32 gcd(u32 a, u32 b) { return b == 0 ? a : gcd(b, a % b); }

KERNEL calls(u32* out, const u32* a, const u32* b) {
  const u32 n = global_thread();
  out[n] = gcd(a[n], b[n]);
}

// A function called through a pointer to a private variable: FLAT addresses in scratch and LDS.
__attribute__((noinline)) __device__ void increment(u32* value, u32 by) { *value += by; }

KERNEL flat_pointers(u32* out) {
  __shared__ u32 shared_values[64];
  const u32 t = thread();
  u32 mine = t * 10;
  shared_values[t] = t * 100;
  out[t] = t * 1000;
  increment(&mine, 1);
  increment(&shared_values[t], 2);
  increment(&out[t], 3);
  out[t] += mine + shared_values[t];
}

// The first workgroup waits until the last one has written its flag.
KERNEL wait_for_last(u32* flag, u32* out, u32 groups) {
  if (group() == 0) {
    while (__hip_atomic_load(flag, __ATOMIC_ACQUIRE, __HIP_MEMORY_SCOPE_AGENT) == 0) {
    }
    out[thread()] = 1;
  } else if (group() == groups - 1 && thread() == 0) {
    __hip_atomic_store(flag, 1u, __ATOMIC_RELEASE, __HIP_MEMORY_SCOPE_AGENT);
  }
}

KERNEL wait_sleeping(u32* flag, u32* out, u32 groups) {
  if (group() == 0) {
    while (__hip_atomic_load(flag, __ATOMIC_ACQUIRE, __HIP_MEMORY_SCOPE_AGENT) == 0) __builtin_amdgcn_s_sleep(1);
    out[thread()] = 1;
  } else if (group() == groups - 1 && thread() == 0) {
    __hip_atomic_store(flag, 1u, __ATOMIC_RELEASE, __HIP_MEMORY_SCOPE_AGENT);
  }
}

KERNEL endless(u32* flag) {
  while (__hip_atomic_load(flag, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT) == 0) {
  }
}

KERNEL trap() { __builtin_trap(); }

// Waves of one workgroup that wait for each other without a barrier.
KERNEL wave_handshake(u32* out) {
  __shared__ u32 turn;
  if (thread() == 0) __atomic_store_n(&turn, 0u, __ATOMIC_RELAXED);
  barrier();
  const u32 wave = thread() / 32;
  const u32 last = group_size() / 32 - 1;
  const u32 mine = last - wave;  // the last wave goes first
  while (__hip_atomic_load(&turn, __ATOMIC_ACQUIRE, __HIP_MEMORY_SCOPE_WORKGROUP) != mine) {
  }
  if (thread() % 32 == 0) {
    out[mine] = wave;
    __hip_atomic_store(&turn, mine + 1, __ATOMIC_RELEASE, __HIP_MEMORY_SCOPE_WORKGROUP);
  }
}
