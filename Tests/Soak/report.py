"""The tables of a soak run, and its rules."""

from __future__ import annotations

import contextlib
import json
import statistics

from fastcgi import NoResponse
from processes import wait_until

GROWTH = 0.05
LONG_ENOUGH = 600
KEPT = 128
"""More connections than the 32 transfers of the copies, each from the CDN to R2, and the callers can need."""


def percentile(times: list[float], part: float) -> float:
    return sorted(times)[min(int(len(times) * part), len(times) - 1)]


class Report:
    """Takes what it needs from the run before its processes end."""

    def __init__(self, soak):
        self.soak = soak
        self.steady = soak.processes.steady
        # The last threads of a process end some seconds after their last task.
        with contextlib.suppress(TimeoutError, NoResponse):
            wait_until("the threads have ended", self.threads_are_back, 30)
        self.errors = self.error_lines()

    def threads_are_back(self) -> bool:
        for each in self.steady:
            each.after = each.counts()
        return all(each.after.threads <= each.before.threads for each in self.steady)

    def error_lines(self) -> list[str]:
        """The lines of level error in the logs of the endpoints, but none about a fault that the run causes."""
        found = []
        for name in self.soak.processes.names:
            text = (self.soak.sandbox.directory / f"log/{name}.log").read_text(errors="replace")
            for line in text.splitlines():
                try:
                    record = json.loads(line)
                    expected = record["message"] == "request" and record["status"] in (200, 502, 504)
                except (ValueError, KeyError, TypeError):
                    expected = False
                if not expected:
                    found.append(f"{name}: {line[:300]}")
        return found

    def print(self) -> bool:
        """Returns whether no rule is broken."""
        soak = self.soak
        self.print_requests()
        self.print_processes()
        answers = soak.callers.wrong + soak.bulk.wrong
        grown = [e.name for e in self.steady if e.between(0.9, 1) > (1 + GROWTH) * e.between(0.1, 0.2)]
        if soak.elapsed < LONG_ENOUGH:
            print(f"\nmemory is not judged, because a tenth of less than {LONG_ENOUGH} s is not enough to warm up")
            grown = []
        descriptors = [e.name for e in self.steady if e.after.descriptors > e.before.descriptors or e.after.kept > KEPT]
        threads = [e.name for e in self.steady if e.after.threads > e.before.threads]
        swaps = [text for text in soak.wrong if text.startswith("swap")]
        ends = [text for text in soak.wrong if text not in swaps] + self.errors
        print(f"\n{soak.total} requests and {len(soak.processes.swaps)} swaps in {soak.elapsed:.0f} s")
        for rule, broken in {
            "answers": answers, "swaps": swaps, "memory": grown, "descriptors": descriptors, "threads": threads,
            "ends": ends,
        }.items():  # fmt: skip
            print(f"{rule:12} {f'BROKEN, {len(broken)} times' if broken else 'kept'}")
            for text in broken[:10]:
                print(f"    {text}")
        return not (answers or swaps or grown or descriptors or threads or ends)

    def print_requests(self) -> None:
        soak = self.soak
        print(f"\n{'requests':24}{'sent':>10}{'good':>10}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}")
        for path, row in sorted(soak.bulk.rows.items()):
            print(f"{f'wrk: {path}':24}{row.requests:>10}{row.good:>10}")
        if soak.bulk.times:
            p50, p99 = map(statistics.median, zip(*soak.bulk.times))
            print(f"{'wrk, median of rounds':44}{p50:>9.1f}{p99:>9.1f}")
        for name, row in soak.callers.rows.items():
            p50, p99, most = (1000 * percentile(row.times, part) for part in (0.5, 0.99, 1))
            print(f"{name:24}{row.requests:>10}{row.good:>10}{p50:>9.0f}{p99:>9.0f}{most:>9.0f}")
        print(f"{'their callers left':24}{soak.callers.left:>10}")

    def print_processes(self) -> None:
        print(f"\n{'process':24}{'MiB: 10-20 %':>13}{'50-60 %':>9}{'90-100 %':>10}{'growth':>8}"
              f"{'descriptors':>13}{'kept':>10}{'threads':>10}")  # fmt: skip
        for each in self.steady:
            first, middle, last = (each.between(part, part + 0.1) for part in (0.1, 0.5, 0.9))
            names = ("descriptors", "kept", "threads")
            changes = [f"{getattr(each.before, name)} -> {getattr(each.after, name)}" for name in names]
            growth = f"{100 * (last / first - 1):.1f}%"
            print(f"{each.name:24}{first / 1024:>13.2f}{middle / 1024:>9.2f}{last / 1024:>10.2f}{growth:>8}"
                  f"{changes[0]:>13}{changes[1]:>10}{changes[2]:>10}")  # fmt: skip
