"""Make ``referent`` importable from a bare clone, and refuse to test another checkout than this one."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"

# The same examples on every machine; HYPOTHESIS_PROFILE=search looks for new ones.
hypothesis.settings.register_profile("fixed", derandomize=True)
hypothesis.settings.register_profile("search", derandomize=False)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ["REFERENT_CACHE_DIR"] = "off"  # tests leave nothing in the person's cache, and find nothing there


def _register_checkout() -> None:
    found = importlib.util.find_spec("referent")
    if found is None:
        spec = importlib.util.spec_from_file_location(
            "referent", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
        )
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["referent"] = module
        spec.loader.exec_module(module)
    elif found.origin is None or Path(found.origin).resolve().parent != ROOT:
        raise pytest.UsageError(
            f"'referent' is installed from {found.origin}, not from {ROOT}: run 'pip install -e .' here."
        )


_register_checkout()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real imagery that lies beside the project; tests that need it skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder of real imagery (../shared/data) is not beside this checkout")
    return SHARED_DATA


@pytest.fixture
def make_raster(tmp_path: Path) -> Callable[..., Path]:
    """Write a (C, H, W) array as a raster file of half-metre pixels in UTM, unless told otherwise."""

    def make(name: str, values: Any, **profile: Any) -> Path:
        import rasterio
        from affine import Affine

        bands, height, width = values.shape
        settings = {
            "driver": "GTiff",
            "count": bands,
            "height": height,
            "width": width,
            "dtype": values.dtype,
            "crs": "EPSG:32633",
            "transform": Affine(0.5, 0, 500_000, 0, -0.5, 5_000_000),
        }
        if bands >= 3 and profile.get("driver", "GTiff") == "GTiff":
            settings["photometric"] = "RGB"
        path = tmp_path / name
        settings.update(profile)
        with rasterio.open(path, "w", **{k: v for k, v in settings.items() if v is not None}) as target:
            target.write(values)
        return path

    return make
