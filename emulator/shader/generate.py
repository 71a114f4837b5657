#!/usr/bin/env python3
"""Turns the instruction tables (tables/*.csv) into C++: the bit fields of each encoding, the patterns
by which an encoding is recognised, and one row per opcode with its operand types.

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
# The field that holds the opcode; VOPD has two.
SCALAR_KINDS = {"SREG", "SDST", "EXEC"}
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


def opcode_row(row):
    operands = {"vdst": ("none", ""), "s0": ("none", ""), "s1": ("none", ""), "s2": ("none", "")}
    place = {"vdst": "vdst", "vdsty": "vdst", "sdst": "vdst", "src0": "s0", "vsrc0": "s0", "ssrc0": "s0",
             "srcy0": "s0", "src1": "s1", "vsrc1": "s1", "ssrc1": "s1", "vsrcy1": "s1", "src2": "s2",
             "addr": "s0", "data": "s1", "data0": "s1", "data1": "s2"}
    dwords = dict.fromkeys(operands, 0)
    fields = [o.split(":") for o in row["operands field:format:bits:kind"].split(";") if o]
    names = {f[0] for f in fields}
    for field, fmt, bits, kind in fields:
        if kind == "SENDMSG_RTN":  # the number itself, not an operand
            continue
        slot = place.get(field)
        if slot is None or (field == "sdst" and "vdst" in names):
            continue
        operands[slot] = (value_type(fmt, bits), kind)
        dwords[slot] = (int(bits or 0) + 31) // 32
    if "CMPSWAP" in row["name"]:  # data holds two values, of which one comes back
        dwords["vdst"] = dwords["s1"] // 2
    scalar = operands["vdst"][1] in SCALAR_KINDS
    types = ", ".join("ValueType::" + operands[k][0] for k in ("vdst", "s0", "s1", "s2"))
    return (f'{{Encoding::{row["encoding"].lower()}, {row["opcode"]}, "{row["name"].lower()}", '
            f'"{canonical(row["name"])}", {types}, {"true" if scalar else "false"}, {dwords["vdst"]}, '
            f'{{{dwords["s0"]}, {dwords["s1"]}, {dwords["s2"]}}}}},')


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
    rows = [r for r in rows if r["encoding"] in PLAIN]
    rows.sort(key=lambda r: (PLAIN.index(r["encoding"]), int(r["opcode"])))
    (output / "opcodes.inc").write_text("\n".join(opcode_row(r) for r in rows) + "\n")


if __name__ == "__main__":
    main()
