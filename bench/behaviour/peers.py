"""The tools that are compared: each a folder of `peers/`, its settings in `tool.toml`, what it needs installed below `target/`.

A setting is a command that is run in a folder with `urls.txt` and fetches that list. A tool knows nothing of what is measured.
"""

import os
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
HOME = TARGET / "behaviour"
COMEBACK = TARGET / "release" / "comeback"
# The files that say what to install; a change of one installs anew.
PINS = ("requirements.txt", "package.json", "Cargo.lock")


@dataclass(frozen=True)
class Setting:
    """One way of running a tool: a row of the table."""

    name: str
    peer: str
    command: list[str]
    version: list[str]


def settings():
    """Every setting of every tool; comeback first, the others by name."""
    found = []
    for path in sorted((HERE / "peers").glob("*/tool.toml"), key=lambda path: (path.parent.name != "comeback", path)):
        peer = path.parent.name
        words = {"comeback": COMEBACK, "home": HOME / peer, "peer": path.parent}
        tool = tomllib.loads(path.read_text())
        version = filled(tool["version"], words)
        for setting in tool["setting"]:
            found.append(Setting(setting["name"], peer, filled(setting["command"], words), version))
    return found


def filled(command, words):
    return [word.format(**words) for word in command]


def install(peers):
    """Builds comeback, which the servers need too, and installs what is missing of the tools named."""
    run("cargo", "build", "--release", "--locked", "--quiet", "--manifest-path", ROOT / "Cargo.toml", "--package", "comeback")
    for peer in sorted(peers):
        source, home = HERE / "peers" / peer, HOME / peer
        pins = [source / name for name in PINS if (source / name).exists()]
        wanted = "".join(path.read_text() for path in pins)
        stamp = home / "installed"
        if pins and not (stamp.exists() and stamp.read_text() == wanted):
            print(f"installing {peer} in {home}", flush=True)
            home.mkdir(parents=True, exist_ok=True)
            install_pinned(source, home, pins[0].name)
            stamp.write_text(wanted)
        # Node looks for packages beside the file that asks for them.
        for script in source.glob("*.mjs"):
            shutil.copy(script, home)


def install_pinned(source, home, pin):
    if pin == "requirements.txt":
        run("python3", "-m", "venv", home)
        run(home / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", source / pin)
    elif pin == "package.json":
        shutil.copy(source / pin, home)
        run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", home)
    elif pin == "Cargo.lock":
        manifest = source / "Cargo.toml"
        run("cargo", "build", "--release", "--locked", "--quiet", "--manifest-path", manifest, "--target-dir", home)


def run(*command):
    subprocess.run([str(word) for word in command], check=True)


def version(setting):
    """Name and version, as the tool itself says them."""
    said = subprocess.run(setting.version, check=True, capture_output=True, text=True).stdout
    return " ".join(said.split("\n")[0].split()[:2])
