"""Write ``resources/locks``: what the engine's environment is made of, pinned and hashed, for every platform at once.

Run it with ``uv`` on the path (``pip install uv``) when the dependencies in ``pyproject.toml`` change. PyTorch for
Linux without CUDA is not on the package index: give the folder where its wheels lie (``pip download torch==X+cpu``).

    python tools/make_locks.py --torch 2.13.0 --torch-cpu-wheels /path/to/wheels
"""

import argparse
import hashlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "resources" / "locks"
HEADER = "# Made by tools/make_locks.py from pyproject.toml; do not edit.\n"


def compile_lock(requirements, constraints):
    """Return the text of a universal lock with hashes."""
    command = ["uv", "pip", "compile", "--universal", "--python-version", "3.10", "--generate-hashes", "--quiet"]
    command += ["--no-emit-index-url", "--no-emit-find-links", "--no-header", "--no-annotate", "--no-config", "-"]
    text = "\n".join([*requirements, *constraints])
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return done.stdout


def blocks(text):
    """Yield each requirement of a lock with its hash lines."""
    yield from re.findall(r"^[A-Za-z0-9].*?(?=^[A-Za-z0-9]|\Z)", text, re.MULTILINE | re.DOTALL)


def keep(block, linux_cpu):
    """Return whether a requirement belongs into the lock."""
    name = block.split("==")[0]
    if "sys_platform == 'emscripten'" in block.split("\\")[0]:
        return False
    return not (linux_cpu and re.match(r"nvidia-|cuda-|triton$", name))


def main():
    """Write the three locks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", required=True, help="version of PyTorch, such as 2.13.0")
    parser.add_argument("--torch-cpu-wheels", type=Path, required=True, help="folder of torch-X+cpu wheels for Linux")
    options = parser.parse_args()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = compile_lock(project["dependencies"], [f"torch=={options.torch}"])
    (LOCKS / "cuda.txt").write_text(HEADER + "".join(block for block in blocks(text) if keep(block, False)))
    cpu = []
    for block in blocks(text):
        if keep(block, True):
            if block.startswith("torch=="):
                block = block.replace(f"torch=={options.torch}", f"torch=={options.torch} ; sys_platform != 'linux'", 1)
            cpu.append(block)
    (LOCKS / "cpu.txt").write_text(HEADER + "".join(cpu))
    wheels = sorted(options.torch_cpu_wheels.glob(f"torch-{options.torch}+cpu-*linux*.whl"))
    if not wheels:
        sys.exit(f"No torch-{options.torch}+cpu wheel for Linux in {options.torch_cpu_wheels}.")
    hashes = [f"--hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}" for wheel in wheels]
    lines = [f"torch=={options.torch}+cpu", *hashes]
    (LOCKS / "torch-cpu-linux.txt").write_text(HEADER + " \\\n    ".join(lines) + "\n")


if __name__ == "__main__":
    main()
