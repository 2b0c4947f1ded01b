"""Run the steps of the Dockerfile without Docker: in a scratch folder, with a copy of this Python as the base image.

Paths below /opt and /home go to the scratch folder; USER is obeyed where the script is run by root.  An
instruction that is not known here ends it: it would not be tried.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DOCKERFILE = Path(__file__).with_name("Dockerfile")
CONTEXT = DOCKERFILE.parent.parent.parent
INSIDE = re.compile(r"(?<![\w/.])/(opt|home)/")


class Steps:
    """State of a build: folder, environment, user."""

    def __init__(self, root: Path, arguments: dict[str, str]) -> None:
        self.root, self.arguments = root, arguments
        self.env = {"PATH": f"{root}/usr/local/bin:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
        self.folder, self.user, self.entry, self.command = root, "", [], []

    def inside(self, text: str) -> str:
        """A text with the image's paths moved into the scratch folder."""
        return INSIDE.sub(lambda found: f"{self.root}/{found[1]}/", text)

    def run(self, command: list[str]) -> None:
        """Run a command as the user of the moment."""
        if self.user and os.getuid() == 0:
            uid, gid = self.user.split(":")
            command = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", *command]
        subprocess.run(command, cwd=self.folder, env=self.env, check=True)

    def step(self, instruction: str, rest: str) -> None:
        """One instruction."""
        getattr(self, f"do_{instruction.lower()}", self.unknown)(rest)

    def unknown(self, rest: str) -> None:
        """An instruction that this script would silently leave out."""
        raise SystemExit(f"steps.py does not know an instruction of the Dockerfile: {rest}")

    def do_arg(self, rest: str) -> None:
        """A build argument, or its default."""
        name, _, default = rest.partition("=")
        self.env[name] = self.arguments.get(name, default.strip('"'))

    def do_from(self, rest: str) -> None:
        """A copy of this Python stands for the base image."""
        wanted = ".".join(re.findall(r"\d+", self.env["PYTHON_IMAGE"])[:2])
        found = f"{sys.version_info.major}.{sys.version_info.minor}"
        if found != wanted:
            raise SystemExit(
                f"the image has Python {wanted}, this is {found}: run python{wanted} deploy/docker/steps.py"
            )
        target = self.root / "usr/local"
        # The standard library and the executable, not what was installed into it.
        shutil.copytree(sys.base_prefix, target, symlinks=True, ignore=shutil.ignore_patterns("site-packages", "test"))
        (target / f"lib/python{found}/site-packages").mkdir(exist_ok=True)
        self.env["LD_LIBRARY_PATH"] = str(target / "lib")
        python = target / "bin/python"
        if not python.exists():
            python.symlink_to(f"python{found}")
        self.run([str(python), "-m", "ensurepip", "--default-pip"])

    def do_env(self, rest: str) -> None:
        """An environment variable."""
        name, _, value = rest.partition("=")
        self.env[name] = self.inside(value)

    def do_workdir(self, rest: str) -> None:
        """The folder of the next steps, made where it is missing."""
        self.folder = Path(self.inside(rest + "/"))
        self.folder.mkdir(parents=True, exist_ok=True)

    def do_copy(self, rest: str) -> None:
        """Files of the context."""
        *sources, target = shlex.split(rest)
        for name in sources:
            if (CONTEXT / name).is_dir():
                ignore = shutil.ignore_patterns("__pycache__")
                shutil.copytree(CONTEXT / name, self.folder / target, ignore=ignore, dirs_exist_ok=True)
            else:
                shutil.copy(CONTEXT / name, self.folder / target)

    def do_run(self, rest: str) -> None:
        """A shell command."""
        print(f"RUN {rest}", flush=True)
        self.run(["sh", "-c", self.inside(rest)])

    def do_user(self, rest: str) -> None:
        """The user of the next steps."""
        self.user = rest
        if os.getuid():
            print(f"USER {rest}: not obeyed, because this script is not run by root", flush=True)

    def do_entrypoint(self, rest: str) -> None:
        """What the container runs."""
        self.entry = json.loads(rest)

    def do_cmd(self, rest: str) -> None:
        """Its default arguments."""
        self.command = json.loads(rest)


def instructions(text: str) -> list[tuple[str, str]]:
    """(instruction, rest) of each line, comments left out, continued lines joined."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in joined.splitlines()]


def main() -> None:
    """Build in a scratch folder, run the entry point with its default and with a short training, clean up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE")
    arguments = dict(item.split("=", 1) for item in parser.parse_args().build_arg)
    with tempfile.TemporaryDirectory() as scratch:
        os.chmod(scratch, 0o755)
        steps = Steps(Path(scratch), arguments)
        for instruction, rest in instructions(DOCKERFILE.read_text()):
            steps.step(instruction, rest)
        print(f"ENTRYPOINT {steps.entry} CMD {steps.command}", flush=True)
        steps.run([*steps.entry, *steps.command])
        steps.run([*steps.entry, *shlex.split("train --rule mpd-ed --epochs 1 --limit 200 --out run --json")])
    print("The steps of the Dockerfile work.")


if __name__ == "__main__":
    main()
