// Causal attention over a KV cache; scores, statistics and accumulation in float32.
//
// A "query" is a pair of token and query head. The queries that share a key/value head are numbered
// token by token, and a workgroup takes `query_tile` of them, so that one read of the cache serves
// the heads of a group (decode) and neighbouring tokens (prefill) alike. Four waves share the
// positions; in a wave, 8 lanes hold a position's row, each lane every eighth chunk of 8 elements.
// Each group of lanes keeps its own running maximum and sum, which are combined at the end.
#include "arguments.hpp"
#include "cache_row.hpp"
#include "prelude.hpp"
#include "step_rows.hpp"

namespace redbolt::kernels {

RB_CONSTANT u32 head_group;       // query heads per key/value head
RB_CONSTANT u32 query_tile;       // 1, 2, 4
RB_CONSTANT u32 by_slot;          // rows are the states[row] that are active, a token each
RB_CONSTANT u32 split_positions;  // 0: one workgroup takes all positions

inline constexpr u32 threads = 128;
inline constexpr u32 waves = threads / wave_lanes;
inline constexpr u32 row_lanes = 8;
inline constexpr u32 rows_per_wave = wave_lanes / row_lanes;
// Positions of a lane group whose scores are taken together; fewer where rows need more registers.
template <u32 slots>
inline constexpr u32 unrolled = slots == 1 ? 4 : 2;
inline constexpr u32 max_dimension = 256;
inline constexpr u32 max_tile = 4;
// Below every score, and finite: differences of it stay finite.
inline constexpr float no_score = -1.0e30f;

RB_SHARED float shared_sums[waves][max_tile][max_dimension];
RB_SHARED float shared_maximum[waves][max_tile];
RB_SHARED float shared_weight[waves][max_tile];

template <u32 tile, u32 slots>
struct Queries {
  float q[tile][slots][8];
  u32 last_position[tile];  // the last position that the query may see
};

template <u32 tile, u32 slots>
struct Running {
  float maximum[tile];
  float weight[tile];
  float sum[tile][slots][8];
};

RB_INLINE u32 chunk_of(u32 slot) {
  return lane_id() % row_lanes + slot * row_lanes;
}
RB_INLINE bool chunk_live(u32 slot) {
  return head_dimension % 64 == 0 || chunk_of(slot) < head_dimension / 8;
}

// What a workgroup works on: queries `first` and following of `count`. By slot they are those of
// the one token of states[row]; else of all tokens of the step.
struct Work {
  u32 first;
  u32 count;
  u32 row;
  u32 slot;
  u32 position;  // of the first token
};

RB_INLINE Work work_of(Global<const StepState> state, u32 tile) {
  if (by_slot) {
    const u32 tiles = (head_group + tile - 1) / tile;
    const u32 row = group_x() / tiles;
    const StepRow at = row_of(state, row, true);
    return {group_x() % tiles * tile, at.live ? head_group : 0, row, at.slot, at.position};
  }
  return {group_x() * tile, state->tokens * head_group, 0, state->slot, state->position};
}

// The place of query `index` of key/value head `kv_head` in [token][head].
RB_INLINE u64 query_row(const AttentionArguments& args, const Work& work, u32 index, u32 kv_head) {
  return u64(work.row + index / head_group) * args.query_heads + kv_head * head_group +
         index % head_group;
}

template <u32 tile, u32 slots>
RB_INLINE Queries<tile, slots> load_queries(const AttentionArguments& args, const Work& work,
                                            u32 kv_head) {
  Queries<tile, slots> result;
  RB_UNROLL for (u32 i = 0; i < tile; ++i) {
    const u32 index = work.first + i < work.count ? work.first + i : work.count - 1;
    const u32 last = work.position + index / head_group;
    result.last_position[i] = last < args.positions ? last : args.positions - 1;
    const Global<const float> row =
        args.queries + query_row(args, work, index, kv_head) * head_dimension;
    RB_UNROLL for (u32 slot = 0; slot < slots; ++slot) {
      const u32 at = (chunk_live(slot) ? chunk_of(slot) : 0) * 8;
      const f32x4 a = load4(row + at), b = load4(row + at + 4);
      const float factor = chunk_live(slot) ? args.scale : 0.0f;
      RB_UNROLL for (int j = 0; j < 4; ++j) {
        result.q[i][slot][j] = a[j] * factor;
        result.q[i][slot][4 + j] = b[j] * factor;
      }
    }
  }
  return result;
}

template <u32 slots>
struct CacheRow {
  CacheChunk chunk[slots];
};

template <u32 slots>
RB_INLINE CacheRow<slots> load_row(Global<const std::uint8_t> row) {
  CacheRow<slots> result;
  RB_UNROLL for (u32 slot = 0; slot < slots; ++slot) result.chunk[slot] =
      load_chunk(row, chunk_live(slot) ? chunk_of(slot) : 0);
  return result;
}

// Takes the positions base + u * stride (those up to `last`) into the running sums.
template <u32 tile, u32 slots>
RB_INLINE void take_positions(const Queries<tile, slots>& queries, Global<const std::uint8_t> keys,
                              Global<const std::uint8_t> values, u32 base, u32 last,
                              Running<tile, slots>& running) {
  float score[tile][unrolled<slots>];
  u32 position[unrolled<slots>];
  RB_UNROLL for (u32 u = 0; u < unrolled<slots>; ++u) {
    position[u] = base + u * (waves * rows_per_wave);
    const u32 readable = position[u] < last ? position[u] : last;
    const CacheRow<slots> key = load_row<slots>(keys + u64(readable) * cache_row_bytes());
    RB_UNROLL for (u32 i = 0; i < tile; ++i) {
      float dot = 0;
      RB_UNROLL for (u32 slot = 0; slot < slots; ++slot) {
        float part = quantised ? 0 : dot;
        RB_UNROLL for (int j = 0; j < 8; ++j) part +=
            static_cast<float>(key.chunk[slot].elements[j]) * queries.q[i][slot][j];
        dot = quantised ? dot + part * key.chunk[slot].scale : part;
      }
      dot = add_lanes(dot, row_lanes);
      score[i][u] = position[u] <= queries.last_position[i] && position[u] <= last ? dot : no_score;
    }
  }
  RB_UNROLL for (u32 i = 0; i < tile; ++i) {
    float maximum = running.maximum[i];
    RB_UNROLL for (u32 u = 0; u < unrolled<slots>; ++u) maximum =
        __builtin_fmaxf(maximum, score[i][u]);
    const float keep = exp2_fast(running.maximum[i] - maximum);
    running.maximum[i] = maximum;
    running.weight[i] *= keep;
    RB_UNROLL for (u32 slot = 0; slot < slots; ++slot) RB_UNROLL for (int j = 0; j < 8; ++j)
        running.sum[i][slot][j] *= keep;
    RB_UNROLL for (u32 u = 0; u < unrolled<slots>; ++u) {
      const float p = score[i][u] == no_score ? 0.0f : exp2_fast(score[i][u] - maximum);
      score[i][u] = p;
      running.weight[i] += p;
    }
  }
  RB_UNROLL for (u32 u = 0; u < unrolled<slots>; ++u) {
    const u32 readable = position[u] < last ? position[u] : last;
    const CacheRow<slots> value = load_row<slots>(values + u64(readable) * cache_row_bytes());
    RB_UNROLL for (u32 i = 0; i < tile; ++i) RB_UNROLL for (u32 slot = 0; slot < slots; ++slot) {
      const CacheChunk& chunk = value.chunk[slot];
      const float weight = quantised ? score[i][u] * chunk.scale : score[i][u];
      RB_UNROLL for (int j = 0; j < 8; ++j) running.sum[i][slot][j] +=
          weight * static_cast<float>(chunk.elements[j]);
    }
  }
}

// Brings the lane groups of a wave together: afterwards every group holds the wave's sums.
template <u32 tile, u32 slots>
RB_INLINE void combine_lanes(Running<tile, slots>& running) {
  RB_UNROLL for (u32 i = 0; i < tile; ++i) {
    float maximum = running.maximum[i];
    maximum = __builtin_fmaxf(maximum, lane_xor<8>(maximum));
    maximum = __builtin_fmaxf(maximum, lane_xor<16>(maximum));
    const float keep = exp2_fast(running.maximum[i] - maximum);
    running.maximum[i] = maximum;
    const auto over_groups = [keep](float value) {
      value *= keep;
      value += lane_xor<8>(value);
      return value + lane_xor<16>(value);
    };
    running.weight[i] = over_groups(running.weight[i]);
    RB_UNROLL for (u32 slot = 0; slot < slots; ++slot) RB_UNROLL for (int j = 0; j < 8; ++j)
        running.sum[i][slot][j] = over_groups(running.sum[i][slot][j]);
  }
}

template <u32 tile, u32 slots>
RB_INLINE void store_wave(const Running<tile, slots>& running) {
  const u32 wave = wave_id();
  if (lane_id() < row_lanes) {
    RB_UNROLL for (u32 i = 0; i < tile; ++i) RB_UNROLL for (u32 slot = 0; slot < slots; ++slot) {
      if (!chunk_live(slot)) continue;
      RB_UNROLL for (u32 j = 0; j < 8; ++j) shared_sums[wave][i][chunk_of(slot) * 8 + j] =
          running.sum[i][slot][j];
    }
  }
  if (lane_id() == 0) {
    RB_UNROLL for (u32 i = 0; i < tile; ++i) {
      shared_maximum[wave][i] = running.maximum[i];
      shared_weight[wave][i] = running.weight[i];
    }
  }
}

// Brings the four waves together and writes the result of query `i` of the tile.
RB_INLINE void write_query(const AttentionArguments& args, u32 i, u64 row, u32 split) {
  float maximum = no_score;
  RB_UNROLL for (u32 w = 0; w < waves; ++w) maximum =
      __builtin_fmaxf(maximum, shared_maximum[w][i]);
  float keep[waves], weight = 0;
  RB_UNROLL for (u32 w = 0; w < waves; ++w) {
    keep[w] = exp2_fast(shared_maximum[w][i] - maximum);
    weight += keep[w] * shared_weight[w][i];
  }
  const u32 splits = split_positions ? (args.positions + split_positions - 1) / split_positions : 1;
  const Global<float> partial = args.partials + (row * splits + split) * (head_dimension + 2);
  const float factor = split_positions ? 1.0f : 1.0f / weight;
  for (u32 d = thread_id(); d < head_dimension; d += threads) {
    float sum = 0;
    RB_UNROLL for (u32 w = 0; w < waves; ++w) sum += keep[w] * shared_sums[w][i][d];
    if (split_positions)
      partial[d] = sum;
    else
      args.output[row * head_dimension + d] = sum * factor;
  }
  if (split_positions && thread_id() == 0) {
    partial[head_dimension] = maximum;
    partial[head_dimension + 1] = weight;
  }
}

template <u32 tile, u32 slots>
RB_INLINE void attend(const AttentionArguments& args) {
  const Work work = work_of(args.state, tile);
  const u32 kv_head = group_y();
  const u32 split = group_z();
  if (work.first >= work.count || work.slot >= args.slots) return;
  const Queries<tile, slots> queries = load_queries<tile, slots>(args, work, kv_head);
  const u32 begin = split * split_positions;
  u32 last = uniform(queries.last_position[tile - 1]);
  if (begin > last) return;
  if (split_positions && last > begin + split_positions - 1) last = begin + split_positions - 1;
  const u64 sequence = u64(work.slot) * args.key_value_heads + kv_head;
  const u64 cache = sequence * args.positions * cache_row_bytes();
  Running<tile, slots> running = {};
  RB_UNROLL for (u32 i = 0; i < tile; ++i) running.maximum[i] = no_score;
  const u32 own = wave_id() * rows_per_wave + lane_id() / row_lanes;
  RB_NO_UNROLL for (u32 base = begin; base <= last; base += waves * rows_per_wave * unrolled<slots>)
      take_positions(queries, args.key_cache + cache, args.value_cache + cache, base + own, last,
                     running);
  combine_lanes(running);
  store_wave(running);
  group_barrier();
  RB_NO_UNROLL for (u32 i = 0; i < tile && work.first + i < work.count; ++i)
      write_query(args, i, query_row(args, work, work.first + i, kv_head), split);
}

template <u32 slots>
RB_INLINE void attend_tiled(const AttentionArguments& args) {
  if (query_tile == 4) return attend<(slots <= 2 ? 4 : 2), slots>(args);
  if (query_tile == 2) return attend<2, slots>(args);
  return attend<1, slots>(args);
}

// At most 216 registers, so that 7 waves fit on a SIMD.
__attribute__((amdgpu_waves_per_eu(7))) RB_KERNEL(threads) attention(AttentionArguments args) {
  if (head_dimension <= 64) return attend_tiled<1>(args);
  if (head_dimension <= 128) return attend_tiled<2>(args);
  if (head_dimension <= 192) return attend_tiled<3>(args);
  return attend_tiled<4>(args);
}

// Brings the splits of one token's query head together.
RB_KERNEL(threads) attention_combine(AttentionCombineArguments args) {
  const u32 token = group_y();
  const StepRow row = row_of(args.state, token, by_slot);
  if (!row.live) return;
  const u64 head = u64(token) * args.query_heads + group_x();
  u32 used = row.position / split_positions + 1;
  if (used > args.splits) used = args.splits;
  const u32 stride = head_dimension + 2;
  const Global<const float> partial = args.partials + head * args.splits * stride;
  float maximum = no_score;
  for (u32 s = 0; s < used; ++s)
    maximum = __builtin_fmaxf(maximum, partial[s * stride + head_dimension]);
  for (u32 d = thread_id(); d < head_dimension; d += threads) {
    float sum = 0, weight = 0;
    for (u32 s = 0; s < used; ++s) {
      const Global<const float> at = partial + s * stride;
      const float keep = exp2_fast(at[head_dimension] - maximum);
      sum += keep * at[d];
      weight += keep * at[head_dimension + 1];
    }
    args.output[head * head_dimension + d] = sum / weight;
  }
}

}  // namespace redbolt::kernels
