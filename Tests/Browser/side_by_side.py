"""Runs all browser tests in two processes, because most of their time is spent waiting. Each process has a sandbox and
a browser of its own, and takes one module after another until none is left.

Prints what unittest says about each process, then OK or FAILED. SIGINT and SIGTERM end both processes.
"""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

PROCESSES = 2
FOLDER = pathlib.Path(__file__).resolve().parent


def modules():
    """All modules, the largest first: if the last one is short, the processes end at about the same time."""
    paths = sorted(FOLDER.glob("*_test.py"), key=lambda path: -path.stat().st_size)
    return [path.stem for path in paths]


def take(queue, names):
    """Runs the modules whose numbers this process reads from the pipe. A byte is read by one process only."""
    def run(result):
        while number := os.read(queue, 1):
            unittest.defaultTestLoader.loadTestsFromName(names[number[0]])(result)
    return unittest.TextTestRunner().run(run).wasSuccessful()


def start(queue, names, output):
    # In a session of its own, so that Ctrl-C reaches only run_all, which then sends one signal: a second one would
    # interrupt the process while it stops its sandbox.
    return subprocess.Popen([sys.executable, __file__, str(queue), *names], pass_fds=[queue], stdin=subprocess.DEVNULL,
                            stdout=output, stderr=subprocess.STDOUT, start_new_session=True)


def run_all():
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    names = modules()
    queue, end = os.pipe()
    os.write(end, bytes(range(len(names))))
    os.close(end)
    outputs = [tempfile.TemporaryFile() for _ in range(PROCESSES)]
    processes = []
    try:
        for output in outputs:
            processes.append(start(queue, names, output))
        for process in processes:
            process.wait()
    except KeyboardInterrupt:
        for process in processes:
            process.terminate()
    passed = True
    for process, output in zip(processes, outputs):
        passed = process.wait() == 0 and passed
        output.seek(0)
        sys.stdout.write(output.read().decode(errors="replace"))
    print("OK" if passed else "FAILED")
    return passed


if __name__ == "__main__":
    sys.exit(not (take(int(sys.argv[1]), sys.argv[2:]) if len(sys.argv) > 1 else run_all()))
