#!/usr/bin/env python3
"""The service's files as others read them: launchd's plist by plistlib, systemd's units by systemd-analyze
where it is given. usage: test_service_files.py REDBOLTD [SYSTEMD-ANALYZE]"""
import pathlib
import plistlib
import re
import subprocess
import sys
import tempfile

AWKWARD = 'emulated:vram=1G,seed="7" & <$HOME> 100%'


def printed(redboltd, manager, *more):
    done = subprocess.run([redboltd, "--install-service", "--print", "--service-manager", manager, *more],
                          capture_output=True, text=True, check=True)
    files = {}
    for part in re.split(r"^# (?=/)", done.stdout, flags=re.M)[1:]:
        path, content = part.split("\n", 1)
        files[pathlib.Path(path).name] = content
    return files


def check_plist(redboltd):
    files = printed(redboltd, "launchd", "--device", AWKWARD, "--socket", "/a b/d.sock")
    plist = plistlib.loads(files["redbolt.redboltd.plist"].strip().encode())
    assert plist["Label"] == "redbolt.redboltd"
    assert plist["ProgramArguments"] == [str(pathlib.Path(redboltd).resolve()), "--device", AWKWARD]
    assert plist["RunAtLoad"] is True and plist["KeepAlive"] == {"SuccessfulExit": False}
    listener = plist["Sockets"]["Listeners"]
    assert listener["SockPathName"] == "/a b/d.sock" and listener["SockPathMode"] == 0o600
    assert plist["Umask"] == 0o077
    assert plist["StandardErrorPath"].endswith("Library/Logs/redboltd.log")


def check_units(redboltd, analyze):
    files = printed(redboltd, "systemd", "--device", AWKWARD)
    assert 'seed=\\"7\\" & <$$HOME> 100%%"' in files["redboltd.service"], files["redboltd.service"]
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            pathlib.Path(folder, name).write_text(content)
        done = subprocess.run([analyze, "verify", "--user", "--man=no", *(f"{folder}/{name}" for name in files)],
                              capture_output=True, text=True, env={"XDG_RUNTIME_DIR": folder, "HOME": folder})
        ours = [line for line in (done.stdout + done.stderr).splitlines() if "redboltd" in line]
        assert done.returncode == 0 and not ours, "\n".join([*ours, str(done.returncode), done.stderr])
        # The check can fail: a unit with a wrong word is found.
        wrong = pathlib.Path(folder, "redboltd.service")
        wrong.write_text(wrong.read_text().replace("WatchdogSec=60", "WatchdogSec=soon"))
        done = subprocess.run([analyze, "verify", "--user", "--man=no", str(wrong)], capture_output=True,
                              text=True, env={"XDG_RUNTIME_DIR": folder, "HOME": folder})
        assert "Failed to parse" in done.stderr, done.stderr


check_plist(sys.argv[1])
if len(sys.argv) > 2:
    check_units(*sys.argv[1:])
