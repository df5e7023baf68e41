"""wrk with bulk.lua: the bulk of the requests, in rounds."""

from __future__ import annotations

import asyncio
import json
import pathlib
from collections import defaultdict

from callers import Row

THREADS = 5


class Bulk:
    """`rows` by path; `times` are p50 and p99 in ms, one pair for each round."""

    def __init__(self, settings: dict[str, str]):
        self.url, self.key = settings["URL"], settings["API_KEY"]
        self.rows: defaultdict[str, Row] = defaultdict(Row)
        self.times: list[tuple[float, float]] = []
        self.wrong: list[str] = []
        self.rounds = 0

    @property
    def requests(self) -> int:
        return sum(row.requests for row in self.rows.values())

    async def round(self, seconds: int) -> None:
        self.rounds += 1
        script = pathlib.Path(__file__).with_name("bulk.lua")
        child = await asyncio.create_subprocess_exec(
            # The stand-ins, which are slow, get what they need first.
            "nice", "wrk", f"-t{THREADS}", f"-c{THREADS}", f"-d{seconds}s", "--timeout", "10s", "--latency",
            "-s", str(script), self.url, "--", str(self.rounds), self.key,
            stdout=asyncio.subprocess.PIPE)  # fmt: skip
        try:
            output = (await child.communicate())[0].decode()
        except asyncio.CancelledError:
            child.kill()
            await child.wait()
            raise
        lines = [line.partition(" ") for line in output.splitlines()]
        result = next((json.loads(text) for kind, _, text in lines if kind == "RESULT"), None)
        if result is None:
            self.wrong.append(f"wrk: exit {child.returncode}: {output[-300:]}")
            return
        self.times.append((result["p50_ms"], result["p99_ms"]))
        if result["broken"]:
            self.wrong.append(f"wrk: {result['broken']} connections or answers failed")
        for thread in (json.loads(text) for kind, _, text in lines if kind == "THREAD"):
            row = self.rows[thread["path"]]
            row.requests += thread["good"] + thread["lost"]
            row.good += thread["good"]
            if thread["lost"]:
                self.wrong.append(f"{thread['path']}: {thread['lost']} lost or wrong: {thread['first']}")
