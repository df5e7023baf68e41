"""Callers of all endpoints: those that wait for their answers and check them, and those that leave."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import time
from collections import defaultdict
from dataclasses import dataclass, field

from exchange import Broken, message
from scenarios import R2_FAULTS, Scenarios, Wrong

WAITING, LEAVING = 16, 8
# The seconds between two requests of one caller, on average.
PAUSE, LEAVING_PAUSE = 0.25, 0.15


@dataclass
class Row:
    requests: int = 0
    good: int = 0
    times: list[float] = field(default_factory=list)


class Callers:
    """`wrong`: the answers that were lost or wrong, as texts."""

    def __init__(self, scenarios: Scenarios):
        self.scenarios = scenarios
        self.rows: defaultdict[str, Row] = defaultdict(Row)
        self.left = 0
        self.wrong: list[str] = []
        # Half of the requests call no upstream that fails.
        s = scenarios
        self.weights = {
            s.presigned_url: 4, s.presigned_urls: 8, s.urls: 12, s.urls_faults: 6, s.copy: 3, s.copy_cdn_faults: 3,
            s.copy_r2_faults: 2, s.push: 6, s.push_partial: 3, s.push_faults: 4, s.push_status: 6, s.upload: 3,
            s.upload_aborted: 3, s.upload_faults: 4, s.refused: 8,
        }  # fmt: skip

    @property
    def requests(self) -> int:
        return self.left + sum(row.requests for row in self.rows.values())

    async def each_once(self) -> None:
        """Performs each scenario a few times, every fault of R2, because a process opens some descriptors when it first
        repeats a call, and more of those that take memory at once than there are in the run."""
        await asyncio.gather(*(self.perform(scenario) for scenario in self.weights for _ in range(3)))
        await asyncio.gather(*(self.perform(self.scenarios.upload_faults) for _ in R2_FAULTS))
        await asyncio.gather(*(self.perform(self.scenarios.refused) for _ in range(24)))
        await asyncio.gather(*(self.perform(self.scenarios.copy) for _ in range(24)))

    async def run(self, is_over) -> None:
        """Sends requests until `is_over`, then waits for the last answers."""
        await asyncio.gather(
            *(self.wait(is_over) for _ in range(WAITING)), *(self.leave(is_over) for _ in range(LEAVING))
        )

    async def wait(self, is_over) -> None:
        while not is_over():
            await self.perform(random.choices(list(self.weights), list(self.weights.values()))[0])
            await asyncio.sleep(random.uniform(0, 2 * PAUSE))

    async def perform(self, scenario) -> None:
        number, name, start = next(self.scenarios.numbers), scenario.__name__.replace("_", " "), time.monotonic()
        row = self.rows[name]
        row.requests += 1
        try:
            await scenario(number)
        except (Broken, Wrong, ValueError, KeyError, IndexError, TypeError) as error:
            self.wrong.append(f"{name} m{number}: {type(error).__name__}: {error}")
        else:
            row.good += 1
        row.times.append(time.monotonic() - start)

    async def leave(self, is_over) -> None:
        while not is_over():
            request = self.scenarios.any_request(next(self.scenarios.numbers))
            headers = {**self.scenarios.base, **request.headers}
            data = message(self.scenarios.port, "POST", request.path, headers, request.body)
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.scenarios.port)
            except OSError as error:
                self.wrong.append(f"a caller that leaves: {error}")
                continue
            try:
                await self.send_and_leave(data, reader, writer)
            except OSError:
                pass  # nginx may close first.
            finally:
                writer.close()
            self.left += 1
            await asyncio.sleep(random.uniform(0, 2 * LEAVING_PAUSE))

    async def send_and_leave(self, data: bytes, reader, writer) -> None:
        """Sends all or part of a request, and disconnects in one of several ways."""
        way = random.randrange(6)
        writer.write(data[: random.randrange(1, len(data))] if way == 0 else data)
        await writer.drain()
        if way == 1:
            await asyncio.sleep(random.uniform(0, 0.003))
        elif way == 2:
            await asyncio.sleep(random.uniform(0, 1.5))
        elif way == 3:
            writer.write_eof()
        elif way == 4:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(reader.read(random.randrange(1, 300)), 2)
        elif way == 5:
            linger = struct.pack("ii", 1, 0)  # RST
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
