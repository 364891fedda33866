"""Start the worker: ``python -I -X utf8 engine/run_worker.py``.

The one file of the package that is run by its path. It moves standard input and output aside, so that neither a
library's print nor a grandchild can touch the protocol's stream, then registers its own folder tree as ``referent``
(whatever the folder is called, with nothing added to ``sys.path``) and hands over.
"""

import importlib.util
import os
import sys
from pathlib import Path
from typing import BinaryIO


def _private_streams() -> tuple[BinaryIO, BinaryIO]:
    source: BinaryIO = os.fdopen(os.dup(0), "rb")
    sink: BinaryIO = os.fdopen(os.dup(1), "wb", buffering=0)  # type: ignore[assignment]
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)  # what C and C++ libraries print to standard output goes to standard error
    sys.stdout = sys.stderr
    return source, sink


def _register_package() -> None:
    root = Path(__file__).resolve().parent.parent
    spec = importlib.util.spec_from_file_location(
        "referent", root / "__init__.py", submodule_search_locations=[str(root)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{root} holds no package: install the plugin again")
    module = importlib.util.module_from_spec(spec)
    sys.modules["referent"] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    private_source, private_sink = _private_streams()
    _register_package()
    from referent.engine.worker import main

    sys.exit(main(private_source, private_sink, sys.argv[1:]))
