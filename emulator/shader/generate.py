#!/usr/bin/env python3
"""Turns the instruction tables (tables/*.csv) into C++: the bit fields of each encoding, the patterns
by which an encoding is recognised, and one row per opcode with its operand types and the bits that
no instruction with this opcode has otherwise. Opcodes without a row in fixed_bits_gfx1100.csv (those
of other RDNA3 chips) are left out.

usage: generate.py TABLES_FOLDER OUTPUT_FOLDER
"""
import csv
import pathlib
import re
import sys

# Encodings that differ only by a trailing literal or lane control share opcodes with the plain form.
PLAIN = ["SOP1", "SOP2", "SOPC", "SOPK", "SOPP", "SMEM", "VOP1", "VOP2", "VOPC", "VOP3", "VOP3SD",
         "VOP3P", "VOPD", "DS", "FLAT", "GLOBAL", "SCRATCH", "MUBUF", "MTBUF", "MIMG", "EXP", "LDSDIR",
         "VINTERP"]
# Of these the fixed bits are not tabulated: the halves of a VOPD have none, the others are refused.
ANY_BITS = {"VOPD", "MIMG", "EXP"}
SCALAR_KINDS = {"SREG", "SDST", "EXEC"}
# What a source may be, by the operand's kind. AMD's table lists the kinds of a lane shuffle for some
# VOP3 opcodes ("VGPR"), whose plain forms take anything; two really read a VGPR only.
SOURCE_SETS = {"SSRC": "scalar", "SSRC_LANESEL": "scalar", "SREG": "scalar_register", "SRC_VGPR": "vgpr",
               "SRC_VGPR_OR_INLINE": "vgpr_or_inline"}
VGPR_ONLY = {"V_READFIRSTLANE_B32", "V_READLANE_B32"}
TYPES = ["none", "b8", "b16", "u16", "i16", "f16", "bf16", "b32", "u32", "i32", "f32", "b64", "u64",
         "i64", "f64", "pk2_f16", "pk2_bf16", "pk2_i16", "pk2_u16", "m64", "wide"]


def parse_fields(text):
    fields, fixed = {}, {}
    for item in text.split(";"):
        hi, lo, rest = item.split(":", 2)
        name = rest.split(":")[0]
        if "=" in name:
            name, value = name.split("=")
            fixed[name] = (int(hi), int(lo), int(value))
        else:
            fields[name] = (int(hi), int(lo))
    return fields, fixed


def value_type(fmt, bits):
    if fmt.startswith("NUM_"):
        fmt = fmt[4:].lower()
        fmt = {"i24": "i32", "u24": "u32"}.get(fmt, fmt)
        if fmt in TYPES:
            return fmt
    # An inline constant as the C matrix of a WMMA is one of the matrix's elements.
    if fmt.startswith("WMMA_DC_"):
        return {"F16": "pk2_f16", "BF16": "pk2_bf16", "F32": "f32", "I32": "i32"}[fmt[8:]]
    width = int(bits) if bits else 0
    return {0: "none", 8: "b8", 16: "b16", 32: "b32", 64: "b64"}.get(width, "wide")


def canonical(name):
    """The name semantics are registered under: the same for all encodings of one operation."""
    name = re.sub(r"_E(32|64)$", "", name)
    return re.sub(r"^V_DUAL_", "V_", name)


def source_set(row, slot, kind):
    if row["encoding"] == "VINTERP" or (slot == "s0" and canonical(row["name"]) in VGPR_ONLY):
        return "vgpr"
    return SOURCE_SETS.get(kind, "any")


def opcode_row(row, fixed):
    operands = {"vdst": ("none", ""), "s0": ("none", ""), "s1": ("none", ""), "s2": ("none", "")}
    place = {"vdst": "vdst", "vdsty": "vdst", "sdst": "vdst", "src0": "s0", "vsrc0": "s0", "ssrc0": "s0",
             "srcy0": "s0", "src1": "s1", "vsrc1": "s1", "ssrc1": "s1", "vsrcy1": "s1", "src2": "s2",
             "addr": "s0", "data": "s1", "data0": "s1", "data1": "s2", "vaddr": "s0", "vdata": "s1",
             "sdata": "vdst", "sbase": "s0"}
    dwords = dict.fromkeys(operands, 0)
    fields = [o.split(":") for o in row["operands field:format:bits:kind"].split(";") if o]
    names = {f[0] for f in fields}
    for field, fmt, bits, kind in fields:
        if kind in ("SENDMSG_RTN", "SIMM8"):  # the number itself, not an operand
            continue
        slot = place.get(field)
        if slot is None or (field == "sdst" and "vdst" in names):
            continue
        operands[slot] = (value_type(fmt, bits), kind)
        dwords[slot] = (int(bits or 0) + 31) // 32
    if "CMPSWAP" in row["name"] and row["encoding"] != "MUBUF":  # data holds two values, of which one comes back
        dwords["vdst"] = dwords["s1"] // 2
    scalar = operands["vdst"][1] in SCALAR_KINDS
    mask, value, shuffle, shuffle_mask = fixed
    sets = ", ".join("SourceSet::" + source_set(row, k, operands[k][1]) for k in ("s0", "s1", "s2"))
    types = ", ".join("ValueType::" + operands[k][0] for k in ("vdst", "s0", "s1", "s2"))
    return (f'{{Encoding::{row["encoding"].lower()}, {row["opcode"]}, "{row["name"].lower()}", '
            f'"{canonical(row["name"])}", {types}, {"true" if scalar else "false"}, {dwords["vdst"]}, '
            f'{{{dwords["s0"]}, {dwords["s1"]}, {dwords["s2"]}}}, {{{sets}}}, '
            f'{mask}, {value}, {shuffle_mask}, {"true" if shuffle == "1" else "false"}}},')


def main():
    tables, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    output.mkdir(parents=True, exist_ok=True)
    fields_text, patterns = [], []
    for row in csv.reader((tables / "encodings_rdna3.csv").open()):
        if row[0] == "encoding":
            continue
        fields, fixed = parse_fields(row[1])
        fields_text.append(f"namespace {row[0].lower()} {{")
        for name, (hi, lo) in fields.items():
            fields_text.append(f"inline constexpr Field {name}{{{lo}, {hi}}};")
        fields_text.append("}  // namespace " + row[0].lower())
        if row[0] in PLAIN and row[0] != "VOP3SD":
            mask = value = 0
            for hi, lo, v in fixed.values():
                mask |= ((1 << (hi - lo + 1)) - 1) << lo
                value |= v << lo
            patterns.append((bin(mask).count("1"), mask, value, row[0].lower()))
    patterns.sort(reverse=True)

    types = ", ".join(TYPES)
    encodings = ", ".join(p.lower() for p in PLAIN)
    (output / "encodings.inc").write_text(
        f"enum class Encoding : std::uint8_t {{ {encodings}, unknown }};\n"
        f"enum class ValueType : std::uint8_t {{ {types} }};\n"
        "namespace fields {\n" + "\n".join(fields_text) + "\n}  // namespace fields\n")
    (output / "encoding_patterns.inc").write_text(
        "".join(f"{{{mask:#x}, {value:#x}, Encoding::{name}}},\n" for _, mask, value, name in patterns))

    rows = [r for table in ("opcodes_rdna3.csv", "opcodes_supplement.csv")
            if (tables / table).exists() for r in csv.DictReader((tables / table).open())]
    fixed = {(f[0], f[1]): (f[2], f[3], f[4], f[5])
             for f in csv.reader((tables / "fixed_bits_gfx1100.csv").open())}
    for encoding, opcode in ((r["encoding"], r["opcode"]) for r in rows):
        if encoding in ANY_BITS:
            fixed[(encoding, opcode)] = ("0", "0", "0", "0")
    rows = [r for r in rows if r["encoding"] in PLAIN and (r["encoding"], r["opcode"]) in fixed]
    rows.sort(key=lambda r: (PLAIN.index(r["encoding"]), int(r["opcode"])))
    lines = [opcode_row(r, fixed[(r["encoding"], r["opcode"])]) for r in rows]
    (output / "opcodes.inc").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
