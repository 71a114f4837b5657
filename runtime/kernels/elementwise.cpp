// The root mean square norm and the addition of activations, on their own.
#include "arguments.hpp"
#include "prelude.hpp"

namespace redbolt::kernels {

inline constexpr u32 threads = 256;
inline constexpr u32 waves = threads / wave_lanes;

RB_SHARED float wave_sums[waves];

RB_KERNEL(threads) rms_norm(RmsNormArguments args) {
  const u32 token = group_x();
  if (token >= args.state->tokens) return;
  const Global<const float> x = args.input + u64(token) * args.width;
  const Global<float> y = args.output + u64(token) * args.width;
  float sum = 0;
  for (u32 i = thread_id(); i < args.width; i += threads) sum += x[i] * x[i];
  sum = add_lanes(sum);
  wave_sums[wave_id()] = sum;
  group_barrier();
  sum = 0;
  RB_UNROLL for (u32 w = 0; w < waves; ++w) sum += wave_sums[w];
  const float mean = sum / static_cast<float>(args.width);
  const float factor = __builtin_amdgcn_rsqf(mean + args.epsilon);
  for (u32 i = thread_id(); i < args.width; i += threads) y[i] = x[i] * factor * args.weight[i];
}

RB_KERNEL(threads) add(AddArguments args) {
  const u32 token = group_y();
  const u32 i = group_x() * threads + thread_id();
  if (token >= args.state->tokens || i >= args.width) return;
  const u64 at = u64(token) * args.width + i;
  args.output[at] = args.a[at] + args.b[at];
}

}  // namespace redbolt::kernels
