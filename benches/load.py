"""What the scripts about load share: a server that is full before the generator is, generators in turn, reports."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import common

BODY = '{"id":1,"name":"one"}'
SERVER_CORE, GENERATOR_CORE = "0", "1"

NGINX = """daemon off;
master_process off;
worker_processes 1;
pid {here}/nginx.pid;
error_log {here}/nginx.log;
worker_rlimit_nofile 20000;
events {{ worker_connections 16000; }}
http {{
  access_log off;
  default_type application/json;
  client_body_temp_path {here}/body;
  proxy_temp_path {here}/proxy;
  fastcgi_temp_path {here}/fastcgi;
  uwsgi_temp_path {here}/uwsgi;
  scgi_temp_path {here}/scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  server {{
    listen 127.0.0.1:{port} backlog=16000;
    location / {{ return 200 '{body}'; }}
  }}
}}
"""


def needed(program, package):
    """The path of a program; says how to get it where it is missing."""
    for folder in [*os.environ.get("PATH", "").split(os.pathsep), "/usr/sbin"]:
        path = os.path.join(folder, program)
        if os.access(path, os.X_OK):
            return path
    raise SystemExit(f"`{program}` is needed: {package}")


def oha(given):
    """The path of oha, or None with a sentence: it is measured where it is there."""
    path = given or shutil.which("oha")
    if not path:
        print("oha is not there (`cargo install oha`, or --oha PATH): its rows are left out")
    return path


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def reachable(port):
    """Waits until something listens there."""
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"nothing listens on port {port}")


class Nginx:
    """nginx with one process, on a core of its own where none is named, which answers every request with 21 bytes."""

    def __init__(self, folder, core=SERVER_CORE):
        self.port = free_port()
        config = folder.file("nginx.conf", NGINX.format(here=folder.path, port=self.port, body=BODY))
        nginx = needed("nginx", "apt-get install nginx-light")
        command = ["taskset", "-c", core, nginx, "-c", config, "-e", folder.file("nginx.log")]
        self.process = subprocess.Popen(command)
        reachable(self.port)
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.kill(self.process.pid, signal.SIGCONT)
        self.process.kill()
        self.process.wait()

    def stop_for(self, seconds):
        """Stops it for a time, and gives the time it was really stopped."""
        os.kill(self.process.pid, signal.SIGSTOP)
        begun = time.perf_counter()
        time.sleep(seconds)
        os.kill(self.process.pid, signal.SIGCONT)
        return time.perf_counter() - begun


class Ran:
    """A generator that has run: what it said, its processor time in seconds and its largest memory in bytes."""

    def __init__(self, command, folder, during=None, core=GENERATOR_CORE):
        said = folder.file("said")
        with open(said, "w+b") as out, open(folder.file("complained"), "w+b") as err:
            child = subprocess.Popen(
                ["taskset", "-c", core, *command], stdout=out, stderr=err, env=folder.environment()
            )
            self.seen = during(child) if during else None
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        with open(said, encoding="utf-8", errors="replace") as file:
            self.said = file.read()
        if child.returncode != 0:
            with open(folder.file("complained"), encoding="utf-8", errors="replace") as file:
                raise SystemExit(f"{' '.join(command)} ended with {child.returncode}:\n{self.said}{file.read()}")
        self.cpu = usage.ru_utime + usage.ru_stime
        self.memory = usage.ru_maxrss * 1024


def soak(program, folder, text, during=None, core=GENERATOR_CORE):
    """Runs a scenario; gives what it cost and the first load of its report."""
    scenario, out = folder.file("bench.soak", text), folder.file("out")
    shutil.rmtree(out, ignore_errors=True)
    ran = Ran([program, "run", scenario, "--out", out], folder, during, core)
    with open(os.path.join(out, "report.json"), encoding="utf-8") as file:
        report = json.load(file)
    if report["verdict"] != "pass":
        raise SystemExit(f"the run was no pass but {report['verdict']}:\n{ran.said}")
    ran.load = report["loads"][0]
    return ran


def wrk(folder, url, connections, seconds, core=GENERATOR_CORE):
    """Runs wrk; gives what it cost and its requests per second."""
    path = needed("wrk", "apt-get install wrk")
    ran = Ran([path, "-t1", f"-c{connections}", f"-d{seconds}s", url], folder, core=core)
    ran.rate = float(re.search(r"Requests/sec:\s+([\d.]+)", ran.said)[1])
    ran.count = int(re.search(r"(\d+) requests in", ran.said)[1])
    return ran


def run_oha(path, folder, url, connections, seconds, *more, during=None):
    """Runs oha; gives what it cost, its requests per second and its report."""
    command = [path, "--no-tui", "--output-format", "json", "-c", str(connections), "-z", f"{seconds}s", *more, url]
    ran = Ran(command, folder, during)
    ran.report = json.loads(ran.said)
    ran.rate = ran.report["summary"]["requestsPerSec"]
    ran.count = sum(ran.report["statusCodeDistribution"].values())
    return ran


def bare_client(folder):
    """Builds the bare loop that sends on time and does nothing else; gives its path."""
    rustc = needed("rustc", "https://rustup.rs")
    path = folder.file("bare-client")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bare", "client.rs")
    subprocess.run([rustc, "--edition", "2024", "-O", source, "-o", path], check=True)
    return path


def per_100k(ran, count):
    return ran.cpu / count * 1e5


def loaded():
    """How busy the machine is with other things, for whoever reads the table."""
    return f"load average {', '.join(f'{value:.1f}' for value in os.getloadavg())}"
