"""A network interface of a run's own, in a network namespace that only the run is in, with another one at its other end."""

import subprocess

ENDS = ["10.9.0.1/24", "10.9.0.2/24"]
NAME = "wire0"


def tool(*command):
    ended = subprocess.run(command, capture_output=True, text=True)
    if ended.returncode:
        raise RuntimeError(f"{' '.join(command)}: {ended.stderr.strip()}")
    return ended.stdout


class Wire:
    """Two namespaces with a wire between them, there until `end`."""

    def __init__(self, tag):
        self.here, self.there = f"{tag}-here", f"{tag}-there"
        for name in (self.here, self.there):
            tool("ip", "netns", "add", name)
            tool("ip", "-n", name, "link", "set", "lo", "up")
        tool("ip", "link", "add", NAME, "netns", self.here, "type", "veth", "peer", "name", NAME, "netns", self.there)
        for name, address in zip((self.here, self.there), ENDS):
            tool("ip", "-n", name, "address", "add", address, "dev", NAME)
            tool("ip", "-n", name, "link", "set", NAME, "up")

    def inside(self, command):
        """A command as it is run in the namespace of this end."""
        return ["ip", "netns", "exec", self.here, *command]

    def left(self):
        """Rules, queues and devices that are there and were not."""
        look = lambda *command: tool(*self.inside(command)).splitlines()
        devices = [line for line in look("ip", "-o", "link", "show") if ": soak" in line]
        queues = [line for line in look("tc", "qdisc", "show") if " 0: " not in line]
        return look("nft", "list", "tables") + devices + queues

    def end(self):
        for name in (self.here, self.there):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
