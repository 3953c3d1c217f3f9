"""A PostgreSQL of a script's own, in its folder, on a loopback port, gone with it."""

import glob
import os
import socket
import subprocess
import sys
import time


def program(name):
    """A program of PostgreSQL, which Debian keeps beside the path."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    return found[-1] if found else name


class Cluster:
    """A server whose one user is `bench`, as `nobody` where this is root. Entered, it takes connections."""

    def __init__(self, folder):
        self.folder = folder.file("postgres")
        os.mkdir(self.folder)
        os.chmod(folder.path, 0o755)
        self.user = []
        if os.geteuid() == 0:
            self.user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
            subprocess.run(["chown", "nobody", self.folder], check=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    def __enter__(self):
        data = os.path.join(self.folder, "data")
        initdb = [program("initdb"), "--pgdata", data, "--username=bench", "--auth=trust", "--no-sync"]
        subprocess.run(self.user + initdb, check=True, capture_output=True, cwd="/")
        settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "shared_buffers=256MB"]
        command = self.user + [program("postgres"), "-D", data, "-p", str(self.port)]
        command += [part for setting in settings for part in ("-c", setting)]
        log = open(os.path.join(self.folder, "log"), "wb")
        self.server = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
        until = time.monotonic() + 60
        while subprocess.run(["pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode:
            if time.monotonic() > until:
                sys.exit("PostgreSQL did not start")
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait()

    def url(self, database="postgres"):
        return f"postgres://bench@127.0.0.1:{self.port}/{database}"

    def ask(self, statement, database="postgres"):
        """What a statement gives, a row a line."""
        command = ["psql", "-X", "-q", "-t", "-A", self.url(database), "-c", statement]
        ended = subprocess.run(command, capture_output=True, text=True, cwd="/")
        if ended.returncode:
            sys.exit(f"{statement}: {ended.stderr}")
        return ended.stdout.strip()
