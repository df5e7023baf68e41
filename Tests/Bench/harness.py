"""Shared by the benchmarks: packages, processes and their CPU time, nginx, and wrk."""
import contextlib
import grp
import json
import os
import pathlib
import pwd
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
VENV = REPOSITORY / ".build" / "bench-venv"
MODULES = pathlib.Path("/usr/lib/nginx/modules")
TICK = os.sysconf("SC_CLK_TCK")

PACKAGES = ["nginx", "libnginx-mod-http-js", "libnginx-mod-http-lua", "lua-cjson", "wrk", "gcc", "libc6-dev",
            "libfcgi-dev", "python3-venv"]


def say(text):
    print(text, flush=True)


def fail(text):
    sys.exit(f"{os.path.basename(sys.argv[0])}: {text}")


def run(*command, **options):
    """Runs a command and returns its output. Ends the benchmark with the output if it fails."""
    done = subprocess.run(
        [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        fail(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}")
    return done.stdout


def install(python_packages, python_extras):
    listed = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *PACKAGES],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.splitlines()
    missing = [name for name in PACKAGES if f"{name} installed" not in listed]
    if missing:
        say(f"installing from apt: {' '.join(missing)}")
        root = [] if os.geteuid() == 0 else ["sudo"]
        run(*root, "apt-get", "update")
        run(*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "--no-install-recommends",
            *missing)
    complete = VENV / "complete"
    if complete.exists():
        return
    say(f"installing from PyPI into {VENV.relative_to(REPOSITORY)}: {' '.join(python_packages + python_extras)}")
    run("/usr/bin/python3", "-m", "venv", "--clear", VENV)
    pip = [VENV / "bin" / "pip", "install", "--quiet"]
    run(*pip, *python_packages)
    for extra in python_extras:  # compiled packages; without them, uvicorn uses slower implementations in Python
        if subprocess.run([*pip, extra]).returncode != 0:
            say(f"{extra} could not be installed; continuing without it")
    complete.touch()


class Bench:
    """A temporary directory, the processes started in it, and nginx in front of them. Stops and deletes all on exit."""

    def __init__(self, environment):
        self.environment = {**environment, "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
        self.exits = contextlib.ExitStack()
        self.nginx = None

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: fail("stopped"))  # runs __exit__, as an interrupt does
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="bench-"))
        self.exits.callback(shutil.rmtree, self.scratch, ignore_errors=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        return self

    def __exit__(self, *what):
        self.exits.close()

    def compile(self, name):
        program = self.scratch / name
        run("gcc", "-O2", "-Wall", "-o", program, HERE / "peers" / f"{name}.c", "-lfcgi", "-lpthread")
        return program

    def start(self, name, *command, ready, log=None, **options):
        """Starts a process and waits until `ready` (the path of a socket, or a port) accepts connections."""
        log = log or self.scratch / f"{name}.log"
        with open(log, "ab") as errors:
            process = subprocess.Popen([str(word) for word in command], cwd=self.scratch, env=self.environment,
                                       stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, **options)
        self.exits.callback(stop, process)
        is_port = isinstance(ready, int)
        family, address = (socket.AF_INET, ("127.0.0.1", ready)) if is_port else (socket.AF_UNIX, str(ready))
        for _ in range(200):
            with socket.socket(family) as probe:
                if probe.connect_ex(address) == 0:
                    return process
            if process.poll() is not None:
                break
            time.sleep(0.05)
        fail(f"{name} did not start: {' '.join(map(str, command))}\n{tail(log)}")

    def start_fastapi(self, name, path):
        return self.start(name, VENV / "bin" / "uvicorn", "fastapi_flow:app", "--app-dir", HERE / "peers",
                          "--workers", 1, "--uds", path, "--no-access-log", "--log-level", "warning", ready=path)

    def start_nginx(self, servers):
        user = ""
        if os.geteuid() == 0:  # root owns the sockets of the backends
            user = f"user {pwd.getpwuid(0).pw_name} {grp.getgrgid(os.getegid()).gr_name};"
        text = (HERE / "nginx.conf").read_text()
        for name, value in {"MODULES": MODULES, "USER": user, "PEERS": HERE / "peers", "SERVERS": servers}.items():
            text = text.replace(f"@{name}@", str(value))
        (self.scratch / "nginx.conf").write_text(text)
        nginx = ("/usr/sbin/nginx", "-p", self.scratch, "-e", "error.log", "-c", "nginx.conf")
        run(*nginx, "-t", env=self.environment)
        self.nginx = self.start("nginx", *nginx, ready=self.port)

    def wrk(self, host, path, connections, seconds):
        """Applies a load with one thread. Returns its results, and the CPU seconds that wrk used."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        output = run("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", HERE / "post.lua",
                     f"http://127.0.0.1:{self.port}{path}", "--", host)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seen = json.loads(next(line for line in output.splitlines() if line.startswith("RESULT "))[7:])
        return {**seen, "wrk_cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def stop(process):
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def tail(path, lines=15):
    with contextlib.suppress(OSError):
        return "\n".join(pathlib.Path(path).read_text(errors="replace").splitlines()[-lines:])
    return ""


def cpu_seconds(process):
    """User and system time of a process with its threads and all descendants, from /proc."""
    pids, total = [process.pid], 0
    while pids:
        pid = pids.pop()
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
        for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
            pids += map(int, children.read_text().split())
    return total / TICK


def busy_seconds():
    """The busy time of all processors since the start of the system, including interrupts and stolen time."""
    user, nice, system, _, _, interrupts, softirqs, stolen = map(
        int, pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
    return (user + nice + system + interrupts + softirqs + stolen) / TICK
