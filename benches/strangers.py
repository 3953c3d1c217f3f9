"""Processes that soak did not start, for a scenario that finds them: they are to be there afterwards as they were before,
running, with the limits that they had."""

import os
import signal
import subprocess
import time

import leftovers

NAMES = ["paused", "held", "served", "boxed", "ended"]
MARK = "SOAK_STRANGER"
LIMITS = [b"Max open files", b"Max data size"]


class Strangers:
    def __init__(self, tag, folder, programs):
        self.tag, self.folder = tag, folder
        tools = os.path.join(folder, "tools")
        os.mkdir(tools)
        for tool in ("systemctl", "docker"):
            os.symlink(os.path.join(programs, "supervisor"), os.path.join(tools, tool))
        self.path = f"{tools}:{os.environ['PATH']}"
        self.limits = limits("self")
        environment = {**os.environ, MARK: tag}
        self.supervisors = {}
        for name in NAMES:
            command = ["bash", f"{programs}/stranger", f"{tag}={name}", self.file(name, "pid"), self.file(name, "down")]
            quiet = dict(stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.supervisors[name] = subprocess.Popen(command, env=environment, **quiet)
        until = time.monotonic() + 20
        while not all(self.runs(name) for name in NAMES):
            if time.monotonic() > until:
                raise RuntimeError("the strangers did not start")
            time.sleep(0.01)

    def file(self, name, ending):
        return os.path.join(self.folder, f"{name}.{ending}")

    def runs(self, name):
        text = leftovers.read(self.file(name, "pid")).strip()
        letter = leftovers.state(int(text)) if text else []
        return bool(letter) and letter != ["Z"] and not os.path.exists(self.file(name, "down"))

    def wrong(self):
        """What is not as it was before, in words."""
        found = [f"`{name}` does not run" for name in NAMES if not self.runs(name)]
        mark = f"{MARK}={self.tag}".encode()
        for pid in leftovers.numbers():
            if mark not in leftovers.read(f"/proc/{pid}/environ").split(b"\0"):
                continue
            letter, command = leftovers.state(pid), leftovers.read(f"/proc/{pid}/cmdline").replace(b"\0", b" ").decode()
            if letter in (["T"], ["t"]):
                found.append(f"{pid} is stopped: {command}")
            now = limits(pid)
            if now and now != self.limits:
                found.append(f"{pid} has other limits, {now} and not {self.limits}: {command}")
        return found

    def end(self):
        for supervisor in self.supervisors.values():
            supervisor.kill()
            supervisor.wait()
        mark = f"{MARK}={self.tag}".encode()
        for pid in leftovers.numbers():
            if mark in leftovers.read(f"/proc/{pid}/environ").split(b"\0"):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass


def limits(pid):
    lines = leftovers.read(f"/proc/{pid}/limits").splitlines()
    return [line[26:].split()[0].decode() for line in lines if any(line.startswith(one) for one in LIMITS)]
