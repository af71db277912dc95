"""Makes .venv with the project's packages, and does nothing when nothing changed.

Any Python that is new enough runs it, before a package is there: python3 script/install.py EXTRA…
"""

import hashlib
import json
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venv"
PYTHON = HOME / "bin" / "python"
STAMP = HOME / "installed.json"
LOG = HOME / "install.log"

TOLD_EVERY = 10.0
"""Seconds between two lines of progress."""


class CannotInstall(Exception):
    """Why there is no environment, in a line for the person at the terminal."""


def wanted(extras: Iterable[str]) -> dict[str, object]:
    """What the environment is made of: when this is unchanged, so is the environment."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    packages = [project["dependencies"], project["optional-dependencies"]]
    pins = (ROOT / "constraints.txt").read_bytes()
    digest = hashlib.sha256(json.dumps(packages).encode() + pins).hexdigest()
    return {"place": str(HOME), "packages": digest, "extras": sorted(extras)}


def installed() -> dict[str, object]:
    """What the environment was made of; empty when there is none that works."""
    try:
        stamp: dict[str, object] = json.loads(STAMP.read_text(encoding="utf-8"))
        subprocess.run([PYTHON, "-c", "import django"], check=True, capture_output=True)
    except (OSError, ValueError, subprocess.CalledProcessError):
        return {}
    return stamp


def covers(have: dict[str, object], want: dict[str, object]) -> bool:
    """Whether an environment has all that is wanted; it may have more extras."""
    extras, more = have.get("extras", []), want["extras"]
    if not isinstance(extras, list) or not isinstance(more, list):
        return False
    return {**have, "extras": more} == want and set(more) <= set(extras)


def make_home() -> None:
    """Makes an empty environment unless there is one."""
    works = PYTHON.exists() and not _run([PYTHON, "-m", "pip", "--version"]).returncode
    if works:
        return
    print("Making .venv …", flush=True)
    made = _run([sys.executable, "-m", "venv", "--clear", HOME])
    if made.returncode:
        said = (made.stdout + made.stderr).strip()
        if "ensurepip" in said:
            raise CannotInstall(
                "Python's venv module is missing: install it (on Debian: apt install python3-venv)."
            )
        raise CannotInstall(f".venv cannot be made: {said.splitlines()[-1]}")


def install(extras: list[str]) -> None:
    """Installs the packages at their pinned versions, with a line of progress now and then."""
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").count("==")
    print(f"Installing up to {pins} packages, some minutes the first time …", flush=True)
    command = [str(PYTHON), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    command += ["--progress-bar", "off", "-c", "constraints.txt"]
    command.append(f".[{','.join(extras)}]" if extras else ".")
    began = told = time.monotonic()
    found = 0
    doing = "finding"
    with (
        LOG.open("w", encoding="utf-8") as log,
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as pip,
    ):
        for line in pip.stdout or ():
            log.write(line)
            found += line.startswith("Collecting ")
            doing = "installing" if line.startswith("Installing collected") else doing
            if time.monotonic() - told > TOLD_EVERY:
                told = time.monotonic()
                print(f"… {told - began:.0f} s, {doing} {found} packages", flush=True)
    if pip.returncode:
        raise CannotInstall(_reason(LOG.read_text(encoding="utf-8")))
    print(f"Installed in {time.monotonic() - began:.0f} s.", flush=True)


def _reason(said: str) -> str:
    if "No space left on device" in said:
        return f"The disk that holds {ROOT} is full; the packages need some 4 GB."
    errors = [line for line in said.splitlines() if line.startswith("ERROR")]
    last = errors[-1].removeprefix("ERROR: ") if errors else "pip failed"
    return f"The packages could not be installed: {last} (all of it: {LOG})"


def _run(command: list[str | Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def main() -> int:
    """Makes the environment, or says in one line why not."""
    want = wanted(sys.argv[1:])
    have = installed()
    if covers(have, want):
        return 0
    try:
        make_home()
        already = have.get("extras", [])
        extras = sorted({*sys.argv[1:], *(already if isinstance(already, list) else ())})
        STAMP.unlink(missing_ok=True)
        install(extras)
        STAMP.write_text(json.dumps({**want, "extras": extras}), encoding="utf-8")
    except CannotInstall as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
