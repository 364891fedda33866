"""Turn the pickled reference list of a published data set (RRSIS-D, RIS-LAD, RefSegRS) into JSON, once.

    python tools/convert_refs.py refs(unc).p data/rrsis_d/refs.json

A pickle can run any code when it is read. This reader admits lists, dictionaries, texts, numbers and nothing else: a
file that asks for any class or function is refused before anything of it is called. It is no part of the package:
nothing that ships reads pickles.
"""

from __future__ import annotations

import argparse
import json
import pickle  # nosec B403 - read by the class below only, which admits no class or function at all
import sys
from pathlib import Path
from typing import Any, NoReturn


class PlainUnpickler(pickle.Unpickler):
    """Reads plain containers only."""

    def find_class(self, module: str, name: str) -> NoReturn:
        """Refuse every class and function."""
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which a list of references does not need")

    def persistent_load(self, pid: object) -> NoReturn:
        """Refuse references to things outside the file."""
        raise pickle.UnpicklingError(f"it refers to something outside the file ({pid!r})")


def read_refs(path: Path) -> list[dict[str, Any]]:
    """Return the references of a pickled list.

    Raises:
        ValueError: the file is no pickle of plain containers, or not a list of references.
    """
    try:
        with path.open("rb") as handle:
            refs = PlainUnpickler(handle, encoding="utf-8").load()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error}.") from error
    except Exception as error:  # a damaged pickle raises almost anything
        raise ValueError(f"{path} is refused: {error}. Take the file from the data set's own page.") from error
    if not isinstance(refs, list) or not all(isinstance(ref, dict) and "sentences" in ref for ref in refs):
        raise ValueError(f"{path} is not a list of references; the published files are called like refs(unc).p.")
    return refs


def main() -> int:
    """Convert one file and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pickled", type=Path)
    parser.add_argument("json", type=Path)
    args = parser.parse_args()
    try:
        refs = read_refs(args.pickled)
        text = json.dumps(refs, ensure_ascii=False, indent=0)
    except (ValueError, TypeError) as error:
        print(f"convert_refs: {error}", file=sys.stderr)
        return 2
    part = args.json.with_name(args.json.name + ".part")
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(args.json)
    print(f"{len(refs)} references are in {args.json}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
