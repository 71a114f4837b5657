#!/usr/bin/env python3
"""The probe's JSON against docs/device-probe.schema.json. usage: test_json.py PROBE SCHEMA

The checker below knows the words of JSON Schema that the schema uses, and refuses others."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

IGNORED = {"$schema", "title", "$defs"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def has_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def check_type(value, names, root):
    names = [names] if isinstance(names, str) else names
    return [] if any(has_type(value, n) for n in names) else [f"is {value!r}, not {names}"]


def check_properties(value, properties, root):
    if not isinstance(value, dict):
        return []
    unknown = [f"has undocumented field {key}" for key in value if key not in properties]
    return unknown + [f"{key}: {p}" for key, schema in properties.items() if key in value
                      for p in check(value[key], schema, root)]


def check_one_of(value, choices, root):
    matching = sum(not check(value, schema, root) for schema in choices)
    return [] if matching == 1 else [f"matches {matching} of the choices"]


def resolve(reference, root):
    for part in reference.removeprefix("#/").split("/"):
        root = root[part]
    return root


WORDS = {
    "type": check_type,
    "properties": check_properties,
    "oneOf": check_one_of,
    "$ref": lambda v, s, root: check(v, resolve(s, root), root),
    "required": lambda v, s, _: [f"lacks {k}" for k in s if k not in v] if isinstance(v, dict) else [],
    "const": lambda v, s, _: [] if v == s else [f"is {v!r}, not {s!r}"],
    "enum": lambda v, s, _: [] if v in s else [f"is {v!r}, not one of {s}"],
    "items": lambda v, s, root: [f"[{i}]: {p}" for i, e in enumerate(v) for p in check(e, s, root)]
    if isinstance(v, list) else [],
    "pattern": lambda v, s, _: [f"{v!r} does not match {s}"] if isinstance(v, str) and not re.search(s, v) else [],
    "minItems": lambda v, s, _: [f"has {len(v)} elements"] if len(v) < s else [],
    "maxItems": lambda v, s, _: [f"has {len(v)} elements"] if len(v) > s else [],
    "minimum": lambda v, s, _: [f"{v} is too small"] if v < s else [],
    "maximum": lambda v, s, _: [f"{v} is too large"] if v > s else [],
}


def check(value, schema, root):
    problems = []
    for word, argument in schema.items():
        if word not in IGNORED:
            problems += WORDS[word](value, argument, root)
    return problems


def made_up_card(sysfs):
    card = sysfs / "bus/pci/devices/0000:05:00.0"
    card.mkdir(parents=True)
    for name, text in {"vendor": "0x1002", "device": "0x744c", "revision": "0xc8", "class": "0x030000",
                       "current_link_width": "4", "current_link_speed": "8.0 GT/s PCIe"}.items():
        (card / name).write_text(text + "\n")
    tunnel = sysfs / "bus/thunderbolt/devices/0-1"
    tunnel.mkdir(parents=True)
    (tunnel / "authorized").write_text("1\n")


def main(probe, schema_path):
    schema = json.loads(pathlib.Path(schema_path).read_text())
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        made_up_card(root / "sys")
        (root / "empty").mkdir()
        socket = ["--socket", str(root / "no.sock"), "--json"]
        runs = {
            "emulated": ["--device", "emulated:vram=1G"],
            "tested": ["--device", "emulated:vram=1G", "--test"],
            "no card": ["--sysfs-root", str(root / "empty")],
            "a card of which little is known": ["--sysfs-root", str(root / "sys")],
        }
        for name, arguments in runs.items():
            done = subprocess.run([probe, *arguments, *socket], capture_output=True, text=True, timeout=60)
            value = json.loads(done.stdout)
            problems = check(value, schema, schema)
            if value["exit_code"] != done.returncode:
                problems.append(f"exit code {done.returncode}, in the JSON {value['exit_code']}")
            for problem in problems:
                print(f"{name}: {problem}")
            failures += len(problems)
            if name == "emulated" and not check({**value, "schema_version": 2, "surprise": 1}, schema, schema):
                print("the checker accepts anything")
                failures += 1
    return 1 if failures else 0


sys.exit(main(*sys.argv[1:]))
