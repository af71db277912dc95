"""python -m benchmarks.shared_grid: a crowd follows a posted link while the site goes on drawing.

A site of its own with one web process and one drawing worker. A public grid's page and card are
asked for in turn, at a rate that does not wait for answers, while grids are drawn beside it.
"""

import argparse
import asyncio
import os
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

import psutil

from benchmarks.drawing import drawn
from tests.running_site import RunningSite, running_site

CONNECTIONS = 32


@dataclass
class Crowd:
    """Those who follow the link, as one client with many connections."""

    port: int
    paths: list[str]
    rate: float
    seconds: list[float] = field(default_factory=list)
    """From the moment an answer was due to be asked for until it was there."""
    failed: int = 0
    bytes: int = 0
    going: bool = True

    async def come(self) -> None:
        """Asks at the rate until told to stop."""
        due: asyncio.Queue[tuple[str, float]] = asyncio.Queue()
        readers = [asyncio.create_task(self._read(due)) for _ in range(CONNECTIONS)]
        began, asked = time.monotonic(), 0
        while self.going:
            while asked < (time.monotonic() - began) * self.rate:
                due.put_nowait((self.paths[asked % len(self.paths)], began + asked / self.rate))
                asked += 1
            await asyncio.sleep(0.005)
        await due.join()
        for reader in readers:
            reader.cancel()

    async def _read(self, due: asyncio.Queue[tuple[str, float]]) -> None:
        reader, writer = await asyncio.open_connection("localhost", self.port)
        while True:
            path, moment = await due.get()
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost:{self.port}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length:")
            )
            self.bytes += len(await reader.readexactly(length))
            self.failed += b" 200 " not in head.split(b"\r\n", 1)[0]
            self.seconds.append(time.monotonic() - moment)
            due.task_done()


async def measure(site: RunningSite, web: psutil.Process, *, rate: float, grids: int) -> None:
    """Draws with and without the crowd, and prints what became of both."""
    posted = drawn(site, 2)[-1][0]
    alone = [seconds for _, seconds in drawn(site, grids)]
    crowd = Crowd(site.port, [f"/g/{posted}", f"/g/{posted}/grid.jpg"], rate)
    for path in crowd.paths:  # the forum itself looks first, to show what the link leads to
        urllib.request.urlopen(site.url + path).read()  # noqa: ASYNC210, S310
    coming = asyncio.create_task(crowd.come())
    cpu, began = sum(web.cpu_times()[:2]), time.monotonic()
    beside = [seconds for _, seconds in await asyncio.to_thread(drawn, site, grids)]
    took = time.monotonic() - began
    cpu = sum(web.cpu_times()[:2]) - cpu
    crowd.going = False
    await coming
    cuts = [1000 * cut for cut in quantiles(crowd.seconds, n=100)]
    ratio = median(beside) / median(alone)
    print(f"asked for            {rate:8.0f} a second, page and card in turn, {took:.0f} s")
    print(f"answered             {len(crowd.seconds) / took:8.0f} a second, {crowd.failed} failed")
    print(f"until the answer     {cuts[49]:8.1f} ms median, {cuts[98]:.1f} ms 99 in 100")
    print(f"web process          {cpu / took:8.2f} of a core, {web.memory_info().rss >> 20} MiB")
    print(f"a grid, alone        {median(alone):8.2f} s median of {grids}")
    print(f"a grid, in the crowd {median(beside):8.2f} s, {ratio:.2f} times")


def main() -> None:
    """Starts the site, measures, and stops it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second")
    parser.add_argument("--grids", type=int, default=5, help="drawn alone, and in the crowd")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_site(Path(folder), LOG_LEVEL="warning") as site,
    ):
        web = psutil.Process(site.start_web().pid)
        site.start_worker(os.environ.get("CHECKPOINTS", "doodle"))
        asyncio.run(measure(site, web, rate=asked.rate, grids=asked.grids))


if __name__ == "__main__":
    main()
