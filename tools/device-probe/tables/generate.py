#!/usr/bin/env python3
"""cards.csv -> a C++ table. usage: generate.py cards.csv OUTPUT.cpp"""
import csv
import sys

HEAD = """// Generated from cards.csv.
#include "facts/card_names.hpp"

namespace redbolt::probe {

const CardRow card_rows[] = {
"""
TAIL = """};

const std::size_t card_row_count = sizeof card_rows / sizeof card_rows[0];

}  // namespace redbolt::probe
"""


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main(source, target):
    lines = []
    with open(source, newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            revision = "0x" + row["revision"] if row["revision"] else "any_revision"
            lines.append(
                f'    {{0x{row["vendor_id"]}, 0x{row["device_id"]}, {revision}, {quoted(row["name"])}, '
                f'{quoted(row["chip"])}, {quoted(row["gfx_target"])}, {"true" if row["supported"] == "1" else "false"}}},\n'
            )
    with open(target, "w", encoding="utf-8") as output:
        output.write(HEAD + "".join(lines) + TAIL)


main(*sys.argv[1:])
