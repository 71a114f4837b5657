// What test kernels need in place of HIP's headers.
#pragma once

#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define KERNEL extern "C" __global__ void

using u8 = unsigned char;
using i8 = signed char;
using u16 = unsigned short;
using i16 = short;
using u32 = unsigned int;
using i32 = int;
using u64 = unsigned long;
using i64 = long;
using half = _Float16;
using uint4_t = u32 __attribute__((ext_vector_type(4)));
using half2 = half __attribute__((ext_vector_type(2)));

__device__ inline u32 thread() {
  return __builtin_amdgcn_workitem_id_x();
}
__device__ inline u32 group() {
  return __builtin_amdgcn_workgroup_id_x();
}
__device__ inline u32 group_size() {
  return __builtin_amdgcn_workgroup_size_x();
}
__device__ inline u32 global_thread() {
  return group() * group_size() + thread();
}
__device__ inline void barrier() {
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
  __builtin_amdgcn_s_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}
