"""One run of one tool against one world: servers up, the tool runs to its end or to the limit, and what the servers logged is read.

What a tool says of itself is thrown away: the figures are the servers'.
"""

import json
import os
import random
import signal
import subprocess
import tempfile
import threading
import time
import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from peers import COMEBACK, HERE, HOME

PAGES_PER_HOST = 100
# The order of the list is the same for every tool and run.
LIST_SEED = 503
# What is needed to end the servers, or a tool that was told to end.
ENDING_SECONDS_MAX = 10
# How closely a tool's end is seen.
POLL_SECONDS = 0.02
# Set when the comparison is to end: every run under way ends at once.
interrupted = threading.Event()


@dataclass(frozen=True)
class Figures:
    """What the servers saw of a run. Requests are those for pages; robots.txt is counted apart, but for violations."""

    urls: int
    obtainable: int
    obtained: int
    requests: int
    robots: int
    violations: int
    seconds: float
    # When the last page of a healthy host was had; None where the world has none, or one was never had.
    healthy_seconds: float | None
    cut: bool


def worlds(names):
    """Name to file of the worlds named: those of `worlds/`, which are all where none is named, and those built into comeback."""
    own = {path.stem: path for path in sorted((HERE / "worlds").glob("*.toml"))}
    return {name: own.get(name) or builtin(name) for name in names} if names else own


def builtin(name):
    path = HOME / f"{name}.toml"
    with path.open("w") as file:
        subprocess.run([COMEBACK, "weather", "--show", name], check=True, stdout=file)
    return path


def run(setting, world, limit_seconds):
    """Runs a tool against a world, given as a file, and reads the log."""
    with tempfile.TemporaryDirectory(prefix="behaviour-") as folder:
        folder = Path(folder)
        log = folder / "requests.jsonl"
        servers = subprocess.Popen([COMEBACK, "weather", world, "--log", log], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            port = servers.stdout.readline().split()[0].rsplit(b":", 1)[1].decode()
            work = folder / "work"
            work.mkdir()
            urls = listed(world, port)
            (work / "urls.txt").write_text("".join(f"{url}\n" for url in urls))
            ended, cut = accompany(setting.command, work, limit_seconds)
        finally:
            servers.send_signal(signal.SIGINT)
            servers.communicate(timeout=ENDING_SECONDS_MAX)
        lines = [json.loads(line) for line in log.read_text().splitlines()]
    if not lines and not interrupted.is_set():
        raise RuntimeError(f"{setting.name} asked for nothing: {' '.join(map(str, setting.command))}")
    return figures(world, urls, lines, ended, cut)


def listed(world, port):
    pages = ["--urls", str(PAGES_PER_HOST)]
    said = subprocess.run([COMEBACK, "weather", world, "--port", port, *pages], check=True, capture_output=True, text=True)
    urls = said.stdout.split()
    random.Random(LIST_SEED).shuffle(urls)
    return urls


def accompany(command, work, limit_seconds):
    """Runs the tool to its end or to the limit; says when it ended, and whether it was cut."""
    # In a session of its own, so that all of it can be ended.
    until = time.time() + limit_seconds
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    tool = subprocess.Popen(command, cwd=work, start_new_session=True, **quiet)
    while (running := tool.poll() is None) and time.time() < until and not interrupted.is_set():
        time.sleep(POLL_SECONDS)
    ended = time.time()
    try:
        os.killpg(tool.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # It has ended, with all of its own.
    tool.wait(ENDING_SECONDS_MAX)
    return ended, running


def figures(world, urls, lines, ended, cut):
    pages = [line for line in lines if not line["robots"]]
    obtained = {}
    for line in pages:
        if line["well"]:
            obtained.setdefault((line["name"], line["path"]), moment(line))
    healthy = [at for (name, _), at in obtained.items() if name.startswith("healthy")]
    hosts = [host for host in read(world)["host"] for _ in range(host.get("count", 1))]
    healthy_hosts = [host for host in hosts if host["behaviour"] == "healthy"]
    # A tool's own start is not what is compared: time runs from the first request.
    first = moment(lines[0])
    return Figures(
        urls=len(urls),
        obtainable=sum(map(obtainable, hosts)),
        obtained=len(obtained),
        requests=len(pages),
        robots=len(lines) - len(pages),
        violations=sum(line["hold_broken"] for line in lines),
        seconds=ended - first,
        healthy_seconds=max(healthy) - first if healthy and len(healthy) == len(healthy_hosts) * PAGES_PER_HOST else None,
        cut=cut,
    )


def moment(line):
    return datetime.fromisoformat(line["time"]).timestamp()


def obtainable(host):
    """How many pages of a host can be had, by its table in the world."""
    if host["behaviour"] in ("challenge", "dead") or host.get("for", "").endswith("d"):
        return 0
    return PAGES_PER_HOST - (host["behaviour"] == "bad_path")


def about(world):
    return read(world)["about"]


def read(world):
    return tomllib.loads(world.read_text())
