#!/usr/bin/env python3
"""Turns the register tables (CSV) into C++ headers and one source file of descriptions.

usage: generate.py TABLES_FOLDER OUTPUT_FOLDER

A table has the columns name, offset_dword, base_idx, fields, where fields are `name:low:high`
separated by semicolons. Standard library only.
"""

import csv
import pathlib
import sys

# table file -> (C++ namespace, hardware block of a register by the start of its name)
TABLES = {
    "gc_11_0_0": ("gc", {"": "gc"}),
    "mmhub_3_0_0": ("mmhub", {"": "mmhub"}),
    "mp_13_0_0": ("mp_13_0_0", {"MP0_": "mp0", "MP1_": "mp1"}),
    "mp_11_0_0": ("mp_11_0_0", {"MP0_": "mp0", "MP1_": "mp1"}),
    "nbio_4_3_0": ("nbio", {"": "nbio"}),
    "hdp_6_0_0": ("hdp", {"": "hdp"}),
    "osssys_6_0_0": ("osssys", {"": "osssys"}),
}
BASE_INDEX_COUNT = 6  # as in register.hpp
# Names a field cannot have as a member: keywords, and the member of struct Register.
RESERVED = {"definition", "default", "delete", "enum", "export", "int", "new", "operator",
            "private", "public", "register", "signed", "switch", "union", "unsigned", "volatile"}


def read_table(path, blocks):
    registers, seen = [], set()
    with open(path, newline="", encoding="utf-8") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            name = row["name"]
            for prefix in ("reg", "mm"):
                if name.startswith(prefix):
                    name = name[len(prefix):]
                    break
            if name in seen:
                sys.exit(f"{path}:{line}: register {name} appears twice")
            seen.add(name)
            block = next((b for start, b in blocks.items() if name.startswith(start)), None)
            if block is None:
                sys.exit(f"{path}:{line}: no hardware block for register {name}")
            base_index = int(row["base_idx"])
            if base_index >= BASE_INDEX_COUNT:
                sys.exit(f"{path}:{line}: base index {base_index} of {name} is out of range")
            fields = []
            for text in filter(None, row["fields"].split(";")):
                field, low, high = text.split(":")
                low, high = int(low), int(high)
                if not 0 <= low <= high <= 31:
                    sys.exit(f"{path}:{line}: field {field} of {name} is not within 32 bits")
                fields.append((field, low, high))
            registers.append((name, int(row["offset_dword"]), base_index, block, fields))
    return registers


def member(field):
    return field + "_" if field in RESERVED else field


def header(table, namespace, registers):
    out = [f"// Registers of {table}, generated from driver/registers/tables/{table}.csv.",
           "#pragma once", "", '#include "redbolt/registers/register.hpp"', "",
           f"namespace redbolt::registers::{namespace} {{", "",
           "std::span<const RegisterDescription> all();", ""]
    for name, offset, base_index, block, fields in registers:
        out.append(f"struct {name}_type : Register {{")
        for field, low, high in fields:
            out.append(f"  static constexpr Field<{name}_type> {member(field)}{{{low}, {high}}};")
        out.append("};")
        out.append(f'inline constexpr {name}_type {name}{{'
                   f'{{{{"{name}", {offset:#x}, {base_index}, HardwareBlock::{block}}}}}}};')
    out += ["", f"}}  // namespace redbolt::registers::{namespace}", ""]
    return "\n".join(out)


def descriptions(tables):
    out = ["// Descriptions of every register, generated from driver/registers/tables.",
           "#include <array>", ""]
    out += [f'#include "redbolt/registers/{table}.hpp"' for table, _, _ in tables]
    for table, namespace, registers in tables:
        out += ["", f"namespace redbolt::registers::{namespace} {{", "namespace {", ""]
        all_fields, rows = [], []
        for name, _, _, _, fields in registers:
            rows.append(f"    {{{name}.definition, {{fields + {len(all_fields)}, {len(fields)}}}}},")
            all_fields += fields
        out.append("constexpr FieldDescription fields[] = {")
        out += [f'    {{"{field}", {low}, {high}}},' for field, low, high in all_fields]
        out += ["};", "", "constexpr RegisterDescription table[] = {", *rows, "};", "",
                "}  // namespace", "",
                "std::span<const RegisterDescription> all() { return table; }", "",
                f"}}  // namespace redbolt::registers::{namespace}"]
    out += ["", "namespace redbolt::registers {", "",
            "std::span<const std::span<const RegisterDescription>> all_tables() {",
            f"  static const std::array<std::span<const RegisterDescription>, {len(tables)}> tables = {{"]
    out += [f"      {namespace}::all()," for _, namespace, _ in tables]
    out += ["  };", "  return tables;", "}", "", "}  // namespace redbolt::registers", ""]
    return "\n".join(out)


def bases(path):
    out = ["// Bases of the IP blocks of one Navi31, generated from navi31_ip_bases_nonzero.csv. For",
           "// whoever has to play such a card; a driver takes the bases from IP discovery.",
           "#pragma once", "", "#include <cstdint>", "",
           "namespace redbolt::registers {", "",
           "struct IpBase {", "  const char* block;  // as AMD names the IP: GC, MMHUB, ...",
           "  std::uint8_t instance;", "  std::uint8_t segment;  // base index",
           "  std::uint32_t dword_address;", "};", "",
           "inline constexpr IpBase kNavi31Bases[] = {"]
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            out.append(f'    {{"{row["hwip"]}", {row["instance"]}, {row["segment"]}, '
                       f'{row["base_dword"]}}},')
    out += ["};", "", "}  // namespace redbolt::registers", ""]
    return "\n".join(out)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    include = output / "include" / "redbolt" / "registers"
    include.mkdir(parents=True, exist_ok=True)
    tables = [(table, namespace, read_table(source / f"{table}.csv", blocks))
              for table, (namespace, blocks) in TABLES.items()]
    for table, namespace, registers in tables:
        (include / f"{table}.hpp").write_text(header(table, namespace, registers))
    (output / "descriptions.cpp").write_text(descriptions(tables))
    (include / "navi31_bases.hpp").write_text(bases(source / "navi31_ip_bases_nonzero.csv"))


if __name__ == "__main__":
    main()
