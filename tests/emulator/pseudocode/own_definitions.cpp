// Definitions written for this test, where AMD's text leaves bits open, is wrong, or is prose.
#include "definitions.hpp"

namespace redbolt::pseudocode {
namespace {

constexpr const char* one_unit =
    "the text has no accuracy: AMD documents one unit in the last place";
constexpr const char* no_denormals_f32 =
    "the text has no accuracy; LLVM documents one unit, and that denormals are flushed whatever "
    "MODE says";
constexpr const char* double_rounding =
    "the text adds 0.5, which rounds; the result is the nearest even integer";
constexpr const char* scale_by_power =
    "the text makes 2^n first, which overflows; LLVM's ldexp scales, rounding once";
constexpr const char* turns =
    "the text multiplies by 2 pi, rounded; the operand is in turns, valid up to 256 of them, as "
    "AMD's prose says";

constexpr const char* scaling =
    "the text looks for denormals of float64 and scales up a denominator that is too large "
    "already: "
    "with it division is not correctly rounded, as LLVM expects of its expansion";
constexpr const char* rescaling =
    "the text only scales up; a quotient that was scaled up must be scaled down, as older "
    "documents say";
constexpr const char* overflow =
    "the text's case of an overflow cannot be reached; without one a large quotient comes out as "
    "NaN";
constexpr const char* order =
    "the text does not say where sums are rounded (a unit of the largest term each time is allowed "
    "for), what becomes of intermediates that overflow, nor whether denormals count";
constexpr const char* timing = "only time passes, which is not modelled";
constexpr const char* counted = "the text is prose";
constexpr const char* shifted_mask =
    "the text does not shift the mask to the field that is written";
constexpr const char* unsigned_lane =
    "the text divides a signed address; the bits above the lane number are ignored, as its comment "
    "says";

constexpr OwnDefinition definitions[] = {
    {"V_NOP", "nop()", "no text"},
    {"V_PIPEFLUSH", "nop()", "no text"},
    {"V_RNDNE_F32", "D0.f32 = roundeven(S0.f32)", double_rounding},
    {"V_RNDNE_F64", "D0.f64 = roundeven(S0.f64)", double_rounding},
    {"V_RNDNE_F16", "D0.f16 = roundeven(S0.f16)", double_rounding},
    {"V_FREXP_EXP_I32_F32", "D0.i32 = binary_exponent(S0.f32)",
     "the text takes the exponent field, wrong for zero and denormals; LLVM's frexp wants the true "
     "one"},
    {"V_FREXP_EXP_I32_F64", "D0.i32 = binary_exponent(S0.f64)", "as V_FREXP_EXP_I32_F32"},
    {"V_FREXP_EXP_I16_F16", "D0.i16 = binary_exponent(S0.f16)", "as V_FREXP_EXP_I32_F32"},
    {"V_LDEXP_F32", "D0.f32 = ldexp(S0.f32, S1.i32)", scale_by_power},
    {"V_LDEXP_F64", "D0.f64 = ldexp(S0.f64, S1.i32)", scale_by_power},
    {"V_LDEXP_F16", "D0.f16 = ldexp(S0.f16, S1.i16)", scale_by_power},
    {"V_FRACT_F32", "D0.f32 = one_at_most(S0.f32 + -floor(S0.f32))",
     "x - floor(x) rounds to 1 for small negative x; LLVM knows the result to stay below"},
    {"V_FRACT_F64", "D0.f64 = one_at_most(S0.f64 + -floor(S0.f64))", "as V_FRACT_F32"},
    {"V_FRACT_F16", "D0.f16 = one_at_most(S0.f16 + -floor(S0.f16))", "as V_FRACT_F32"},
    {"V_CVT_OFF_F32_I4", "tmp = signext(S0.u32[3 : 0]); D0.f32 = ldexp(i32_to_f32(32'I(tmp)), -4)",
     "the text refers to a table that it does not give: sixteenths of a signed 4-bit number"},
    {"V_CVT_NEAREST_I32_F32", "D0.i32 = f64_to_i32(floor(64'F(S0.f32) + 0.5))",
     "the text adds 0.5 in float32, which rounds, as it also does for V_RNDNE: halves go up"},
    {"V_FMAC_DX9_ZERO_F32",
     "if S0.f32 == 0.0F || S1.f32 == 0.0F then nop() else D0.f32 = fma(S0.f32, S1.f32, D0.f32) "
     "endif",
     "the text adds S2, which the instruction does not have: its addend is D0"},
    {"V_CVT_PK_U8_F32",
     "tmp = f32_to_i32(roundeven(S0.f32)); tmp = tmp < 0 ? 0 : tmp > 255 ? 255 : tmp;"
     "D0.u32 = S2.u32; D0[8 * S1.u32[1 : 0] +: 8] = tmp",
     "the text does not say how numbers are rounded: here to the nearest even integer"},
    {"V_DIV_SCALE_F32",
     "D0.f32 = division_operand(S0.f32, S1.f32, S2.f32);"
     "VCC.u64[laneId] = division_is_scaled(S0.f32, S1.f32, S2.f32)",
     scaling},
    {"V_DIV_FMAS_F32",
     "if VCC.u64[laneId] then D0.f32 = division_refined(S0.f32, S1.f32, S2.f32)"
     " else D0.f32 = fma(S0.f32, S1.f32, S2.f32) endif;"
     "slack = exponent(fma(S0.f32, S1.f32, S2.f32)) >= 254 ? +INF : 0.0",
     rescaling},
    {"V_DIV_FIXUP_F32", "D0.f32 = division_finished(S0.f32, S1.f32, S2.f32)", overflow},
    {"V_DIV_SCALE_F64",
     "D0.f64 = division_operand(S0.f64, S1.f64, S2.f64);"
     "VCC.u64[laneId] = division_is_scaled(S0.f64, S1.f64, S2.f64)",
     scaling},
    {"V_DIV_FMAS_F64",
     "if VCC.u64[laneId] then D0.f64 = division_refined(S0.f64, S1.f64, S2.f64)"
     " else D0.f64 = fma(S0.f64, S1.f64, S2.f64) endif;"
     "slack = exponent(fma(S0.f64, S1.f64, S2.f64)) >= 2046 ? +INF : 0.0",
     rescaling},
    {"V_DIV_FIXUP_F64", "D0.f64 = division_finished(S0.f64, S1.f64, S2.f64)", overflow},
    {"V_DOT2_F32_F16",
     "x = f16_to_f64(S0[15 : 0].f16) * f16_to_f64(S1[15 : 0].f16);"
     "y = f16_to_f64(S0[31 : 16].f16) * f16_to_f64(S1[31 : 16].f16);"
     "z = f32_to_f64(S2.f32); D0.f32 = x + y + z;"
     "s = abs(x) + abs(y) + abs(z);"
     "slack = s >= ldexp(1.0, 127) ? +INF : ldexp(s, -22) + ldexp(1.0, -124)",
     order, 1},
    {"V_DOT2_F32_BF16",
     "x = bf16_to_f64(S0[15 : 0].bf16) * bf16_to_f64(S1[15 : 0].bf16);"
     "y = bf16_to_f64(S0[31 : 16].bf16) * bf16_to_f64(S1[31 : 16].bf16);"
     "z = f32_to_f64(S2.f32); D0.f32 = x + y + z;"
     "s = abs(x) + abs(y) + abs(z);"
     "slack = s >= ldexp(1.0, 127) ? +INF : ldexp(s, -22) + ldexp(1.0, -124)",
     order, 1},
    {"V_DOT2ACC_F32_F16",
     "x = f16_to_f64(S0[15 : 0].f16) * f16_to_f64(S1[15 : 0].f16);"
     "y = f16_to_f64(S0[31 : 16].f16) * f16_to_f64(S1[31 : 16].f16);"
     "z = f32_to_f64(D0.f32); D0.f32 = x + y + z;"
     "s = abs(x) + abs(y) + abs(z);"
     "slack = s >= ldexp(1.0, 127) ? +INF : ldexp(s, -22) + ldexp(1.0, -124)",
     order, 1},
    {"V_DOT2ACC_F32_BF16",
     "x = bf16_to_f64(S0[15 : 0].bf16) * bf16_to_f64(S1[15 : 0].bf16);"
     "y = bf16_to_f64(S0[31 : 16].bf16) * bf16_to_f64(S1[31 : 16].bf16);"
     "z = f32_to_f64(D0.f32); D0.f32 = x + y + z;"
     "s = abs(x) + abs(y) + abs(z);"
     "slack = s >= ldexp(1.0, 127) ? +INF : ldexp(s, -22) + ldexp(1.0, -124)",
     order, 1},
    {"V_DOT2_F16_F16",
     "x = f16_to_f64(S0[15 : 0].f16) * f16_to_f64(S1[15 : 0].f16);"
     "y = f16_to_f64(S0[31 : 16].f16) * f16_to_f64(S1[31 : 16].f16);"
     "z = f16_to_f64(S2.f16); D0.f16 = x + y + z;"
     "s = abs(x) + abs(y) + abs(z);"
     "slack = s >= ldexp(1.0, 15) ? +INF : ldexp(s, -9) + ldexp(1.0, -12)",
     order, 1},
    {"V_DOT2_BF16_BF16",
     "x = bf16_to_f64(S0[15 : 0].bf16) * bf16_to_f64(S1[15 : 0].bf16);"
     "y = bf16_to_f64(S0[31 : 16].bf16) * bf16_to_f64(S1[31 : 16].bf16);"
     "z = bf16_to_f64(S2.bf16); D0.bf16 = x + y + z;"
     "s = abs(x) + abs(y) + abs(z);"
     "slack = s >= ldexp(1.0, 127) ? +INF : ldexp(s, -6) + ldexp(1.0, -124)",
     order, 1},
    {"S_SLEEP", "nop()", timing},
    {"S_SET_INST_PREFETCH_DISTANCE", "nop()", timing},
    {"S_CLAUSE", "nop()", timing},
    {"S_DELAY_ALU", "nop()", timing},
    {"S_WAITCNT_DEPCTR", "nop()", timing},
    {"S_WAITCNT", "nop()", timing},
    {"S_WAIT_IDLE", "nop()", timing},
    {"S_WAIT_EVENT", "nop()", timing},
    {"S_SETPRIO", "nop()", timing},
    {"S_WAKEUP", "nop()", timing},
    {"S_INCPERFLEVEL", "nop()", timing},
    {"S_DECPERFLEVEL", "nop()", timing},
    {"S_TTRACEDATA", "nop()", timing},
    {"S_TTRACEDATA_IMM", "nop()", timing},
    {"S_ICACHE_INV", "nop()", timing},
    {"S_WAITCNT_VSCNT", "nop()", timing},
    {"S_WAITCNT_VMCNT", "nop()", timing},
    {"S_WAITCNT_EXPCNT", "nop()", timing},
    {"S_WAITCNT_LGKMCNT", "nop()", timing},
    {"S_SETREG_B32",
     "size = SIMM16[15 : 11].u32 + 1U; offset = SIMM16[10 : 6].u32; mask = ((1U << size) - 1U) << "
     "offset;"
     "tmp = (HW_REGISTERS[SIMM16[5 : 0]].u32 & ~mask) | ((S0.u32 << offset) & mask);"
     "HW_REGISTERS[SIMM16[5 : 0]] = tmp",
     shifted_mask},
    {"S_SETREG_IMM32_B32",
     "size = SIMM16[15 : 11].u32 + 1U; offset = SIMM16[10 : 6].u32; mask = ((1U << size) - 1U) << "
     "offset;"
     "tmp = (HW_REGISTERS[SIMM16[5 : 0]].u32 & ~mask) | ((SIMM32.u32 << offset) & mask);"
     "HW_REGISTERS[SIMM16[5 : 0]] = tmp",
     shifted_mask},
    {"S_ROUND_MODE", "MODE[3 : 0] = SIMM16[3 : 0]", "no text"},
    {"S_DENORM_MODE", "MODE[7 : 4] = SIMM16[3 : 0]", "no text"},
    {"DS_PERMUTE_B32",
     "declare sent : 32'U[32];"
     "for i in 0 : 31 do if EXEC[i] then"
     " sent[(VGPR[i][ADDR].u32 + OFFSET.u32) / 4U % 32U] = VGPR[i][DATA0].u32 endif endfor;"
     "for i in 0 : 31 do if EXEC[i] then VGPR[i][VDST] = sent[i] endif endfor",
     unsigned_lane},
    {"DS_BPERMUTE_B32",
     "declare found : 32'U[32];"
     "for i in 0 : 31 do lane = (VGPR[i][ADDR].u32 + OFFSET.u32) / 4U % 32U;"
     " if EXEC[lane] then found[i] = VGPR[lane][DATA0].u32 endif endfor;"
     "for i in 0 : 31 do if EXEC[i] then VGPR[i][VDST] = found[i] endif endfor",
     unsigned_lane},
    {"DS_SWIZZLE_B32",
     "declare found : 32'U[32]; low = OFFSET[4 : 0].u32;"
     "for i in 0U : 31U do"
     " if OFFSET.u16 >= 0xe000 then lane = (i[0 : 4] >> ones(low)) | (i & low)"
     " elsif OFFSET.u16 >= 0xc000 then"
     "  turned = OFFSET[10] ? i - OFFSET[9 : 5].u32 : i + OFFSET[9 : 5].u32;"
     "  lane = (i & low) | (turned & (31U - low))"
     " elsif OFFSET[15] then lane = (i & 28U) | OFFSET[2U * (i & 3U) +: 2].u32"
     " else lane = ((i & low) | OFFSET[9 : 5].u32) ^ OFFSET[14 : 10].u32 endif;"
     " lane = lane & 31U;"
     " if EXEC[lane] then found[i] = VGPR[lane][ADDR].u32 endif endfor;"
     "for i in 0 : 31 do if EXEC[i] then VGPR[i][VDST] = found[i] endif endfor",
     "the text has one of the four modes; the others are as AMD's prose has them"},
    {"DS_CONDXCHG32_RTN_B64",
     "first = (ADDR.u32 + OFFSET.u32) & 0xfff8U;"
     "RETURN_DATA[31 : 0] = MEM[first].u32; RETURN_DATA[63 : 32] = MEM[first + 4U].u32;"
     "if DATA[31] then MEM[first].u32 = DATA[30 : 0].u32 endif;"
     "if DATA[63] then MEM[first + 4U].u32 = DATA[62 : 32].u32 endif",
     "the text names its operands as no other does"},
    {"DS_APPEND",
     "first = M0[15 : 0].u32 + OFFSET.u32; tmp = MEM[first].u32; MEM[first].u32 = tmp + ones(EXEC);"
     "for i in 0 : 31 do if EXEC[i] then VGPR[i][VDST] = tmp endif endfor",
     counted},
    {"DS_CONSUME",
     "first = M0[15 : 0].u32 + OFFSET.u32; tmp = MEM[first].u32; MEM[first].u32 = tmp - ones(EXEC);"
     "for i in 0 : 31 do if EXEC[i] then VGPR[i][VDST] = tmp endif endfor",
     counted},
    {"DS_NOP", "nop()", "no text"},
    {"V_EXP_F32", "D0.f32 = flush(exp2(flush(S0.f32)))", no_denormals_f32, 1},
    {"V_LOG_F32", "D0.f32 = flush(log2(flush(S0.f32)))", no_denormals_f32, 1},
    {"V_RCP_F32", "D0.f32 = flush(reciprocal(flush(S0.f32)))", no_denormals_f32, 1},
    {"V_RCP_IFLAG_F32", "D0.f32 = flush(reciprocal(flush(S0.f32)))", no_denormals_f32, 1},
    {"V_RSQ_F32", "D0.f32 = flush(reciprocal_root(flush(S0.f32)))", no_denormals_f32, 1},
    {"V_SQRT_F32", "D0.f32 = flush(sqrt(flush(S0.f32)))", no_denormals_f32, 1},
    {"V_SIN_F32", "D0.f32 = sine_of_turns(S0.f32)", turns, 1, 1e-7},
    {"V_COS_F32", "D0.f32 = cosine_of_turns(S0.f32)", turns, 1, 1e-7},
    {"V_RCP_F64", "D0.f64 = reciprocal(S0.f64)",
     "an estimate: AMD's prose and LLVM promise 2^29 units", 1u << 29},
    {"V_RSQ_F64", "D0.f64 = reciprocal_root(S0.f64)", "as V_RCP_F64", 1u << 29},
    {"V_SQRT_F64", "D0.f64 = sqrt(S0.f64)", "as V_RCP_F64", 1u << 29},
    {"V_EXP_F16", "D0.f16 = exp2(S0.f16)", one_unit, 1},
    {"V_LOG_F16", "D0.f16 = log2(S0.f16)", one_unit, 1},
    {"V_RCP_F16", "D0.f16 = reciprocal(S0.f16)", one_unit, 1},
    {"V_RSQ_F16", "D0.f16 = reciprocal_root(S0.f16)", one_unit, 1},
    {"V_SQRT_F16", "D0.f16 = sqrt(S0.f16)", one_unit, 1},
    {"V_SIN_F16", "D0.f16 = sine_of_turns(S0.f16)", turns, 1, 1e-3},
    {"V_COS_F16", "D0.f16 = cosine_of_turns(S0.f16)", turns, 1, 1e-3},
};

}  // namespace

std::span<const OwnDefinition> own_definitions() {
  return definitions;
}

}  // namespace redbolt::pseudocode
