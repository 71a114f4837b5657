#!/usr/bin/env python3
"""usage: test_install.py CMAKE BUILD-FOLDER BIN MAN (the two below the prefix)"""
import pathlib
import subprocess
import sys
import tempfile

cmake, build, bin_folder, man_folder = sys.argv[1:]
with tempfile.TemporaryDirectory() as prefix:
    subprocess.run([cmake, "--install", build, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
    for name in ("redboltd", "redbolt-llm", "redbolt-device-probe", "redbolt-lock-reset"):
        program = pathlib.Path(prefix, bin_folder, name)
        said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
        assert said.startswith(name), said
    pages = {page.name for page in pathlib.Path(prefix, man_folder, "man1").iterdir()}
    assert {"redboltd.1", "redbolt-device-probe.1", "redbolt-lock-reset.1"} <= pages, pages
