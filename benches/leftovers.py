"""What a run could leave on a machine, looked for from outside, by a tag that its processes have in their environment and
in their names, and by the folder and the ports that are its own."""

import collections
import fcntl
import glob
import os
import struct

MARK = "SOAK_KILL_LOOP"
SOURCE = "kill-loop"
# Of /proc/net/tcp and its like: a socket that listens, and one for datagrams.
LISTENS = {"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}
# From linux/nsfs.h, since Linux 6.18: a number of a namespace that no other one gets later, as inodes do.
NS_GET_ID = 2 << 30 | 8 << 16 | 0xB7 << 8 | 13
NAMESPACES = ["mnt", "net", "user", "pid", "ipc", "uts"]
KINDS = ["processes", "stopped", "guardians", "namespaces", "mounts", "groups", "open files", "ports", "interfaces", "scratch",
         "disks", "journals", "strangers", "database", "rules"]
GROUPS = "/sys/fs/cgroup"


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def link(path):
    try:
        return os.readlink(path)
    except OSError:
        return ""


def numbers():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def state(pid):
    """The letter of a process's state; none where there is no process."""
    return read(f"/proc/{pid}/stat").rpartition(b")")[2].decode().split()[:1]


def children(pid):
    """A process and all that descend from it."""
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        for task in glob.glob(f"/proc/{one}/task/*/children"):
            todo += [int(child) for child in read(task).split()]
    return found


def processes(tag):
    """The living processes of a run by number, with their state and command."""
    found, mark, name = {}, f"{MARK}={tag}".encode(), f"{tag}-".encode()
    for pid in numbers():
        command = read(f"/proc/{pid}/cmdline")
        if mark not in read(f"/proc/{pid}/environ").split(b"\0") and name not in command:
            continue
        letter = state(pid)
        if letter and letter != ["Z"]:
            found[pid] = (letter[0], command.replace(b"\0", b" ").decode(errors="replace"))
    return found


def is_guardian(command):
    return command.startswith("soak guardian ")


def guardian_of(tag):
    return next((pid for pid, (_, command) in processes(tag).items() if is_guardian(command)), None)


def namespaces(pids):
    """The namespaces that processes are in and this one is not, by inode and by number."""
    of = lambda pid: {one: number_of(f"/proc/{pid}/ns/{kind}") for kind in NAMESPACES if (one := link(f"/proc/{pid}/ns/{kind}"))}
    found = {}
    for pid in pids:
        found.update(of(pid))
    return {one: number for one, number in found.items() if one not in of("self")}


def groups(pids):
    """The control groups of soak's own that processes are in, below the folder that all are in."""
    found = set()
    for pid in pids:
        for line in read(f"/proc/{pid}/cgroup").decode(errors="replace").splitlines():
            _, _, path = line.split(":", 2)
            if "/soak-" in path:
                found.update(glob.glob(f"{GROUPS}/*{path}") + glob.glob(f"{GROUPS}{path}"))
    return found


def number_of(path):
    """The number of the namespace at a path; None where the kernel tells none, or it is gone."""
    number = bytearray(8)
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, NS_GET_ID, number)
        finally:
            os.close(descriptor)
    except OSError:
        return None
    return struct.unpack("Q", number)[0]


class Owned:
    """What belongs to one run, and may be its alone."""

    def __init__(self, tag, folder, ports):
        self.tag, self.folder, self.ports = tag, folder, ports
        # Disks that the script has mounted in the folder.
        self.mounted = []
        self.namespaces, self.groups = {}, set()

    def remember(self, pids):
        """Keeps the namespaces and groups that its processes are in."""
        self.namespaces.update(namespaces(pids))
        self.groups |= groups(pids)

    def look(self):
        """What is there of the run, by kind, and words about it."""
        count, said = collections.Counter(), []
        alive = processes(self.tag)
        for pid, (letter, command) in alive.items():
            count["guardians" if is_guardian(command) else "processes"] += 1
            count["stopped"] += letter in "Tt"
            said.append(f"{pid} {letter} {command}")
        held = self.held(alive)
        count.update({kind: len(found) for kind, found in held.items()})
        said += [f"{kind}: {one}" for kind, found in held.items() for one in sorted(found)]
        rest = {"ports": self.listening(), "scratch": glob.glob(f"{self.folder}/soak-*"), "disks": self.on_disks(),
                "journals": glob.glob(f"{self.folder}/state/soak/*"),
                "groups": [one for one in self.groups if os.path.isdir(one)]}
        for kind, found in rest.items():
            count[kind] = len(found)
            said += [f"{kind}: {one}" for one in found]
        return count, said

    def held(self, alive):
        """Namespaces, mounts and files of the run that any process on the machine still has."""
        found = {"namespaces": set(), "mounts": set(), "open files": set()}
        seen, own = set(), self.folder + "/"
        for pid in numbers():
            if pid == os.getpid():
                continue
            places = [f"/proc/{pid}/ns/{kind}" for kind in NAMESPACES] + [f"/proc/{pid}/cwd", f"/proc/{pid}/root"]
            for descriptor in places + glob.glob(f"/proc/{pid}/fd/*"):
                target = link(descriptor)
                if target in self.namespaces:
                    if number_of(descriptor) == self.namespaces[target]:
                        found["namespaces"].add(f"{target} of {pid}")
                elif target.startswith(own) and not self.is_known(pid):
                    found["open files"].add(f"{target} of {pid}")
            place = link(f"/proc/{pid}/ns/mnt")
            if place not in seen:
                seen.add(place)
                found["mounts"] |= {point for point in self.points(pid) if point not in self.mounted}
        # What a process that is counted already has goes with it.
        return found if not alive else {kind: set() for kind in found}

    def is_known(self, pid):
        """Whether it is one of the script's own, which it started for the run."""
        return f"SOAK_STRANGER={self.tag}".encode() in read(f"/proc/{pid}/environ").split(b"\0")

    def points(self, pid):
        for line in read(f"/proc/{pid}/mountinfo").decode(errors="replace").splitlines():
            point = line.split(" ")[4]
            if point == self.folder or point.startswith(self.folder + "/"):
                yield point

    def listening(self):
        wanted = {f"{port:04X}" for port in self.ports}
        found = []
        for name, letter in LISTENS.items():
            rows = [line.split() for line in read(f"/proc/net/{name}").decode().splitlines()[1:]]
            found += [f"{name} {row[1]}" for row in rows if row[3] == letter and row[1].rsplit(":", 1)[1] in wanted]
        return found

    def on_disks(self):
        """What the disks that others have hold that they did not hold before: bytes, files, names."""
        found = []
        for place in self.mounted:
            status = os.statvfs(place)
            used = (status.f_blocks - status.f_bfree) * status.f_frsize
            kept = sum(os.stat(path).st_blocks * 512 for path in glob.glob(f"{place}/**", recursive=True))
            if used > kept:
                found.append(f"{used - kept} bytes without a name in {place}")
            inodes, names = status.f_files - status.f_ffree, len(glob.glob(f"{place}/**", recursive=True))
            if inodes > names:
                found.append(f"{inodes - names} files without a name in {place}")
        for place in [self.folder, *glob.glob(f"{self.folder}/*/")]:
            found += [path for path in glob.glob(f"{place}/.*") if "/.soak" in path]
        return found


def interfaces():
    """The network interfaces of this script's own network."""
    return set(os.listdir("/sys/class/net"))
