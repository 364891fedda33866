"""Where and how precisely to compute: chosen by what the machine has, or as asked."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .errors import DeviceError


@dataclass(frozen=True)
class Compute:
    """A device and the number format of its arithmetic."""

    device: torch.device
    dtype: torch.dtype
    """bfloat16 where it is fast, else float32; weights stay float32 on CPU and CUDA alike (autocast)."""

    def autocast(self) -> torch.autocast:
        """Return the context in which the network computes."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.dtype == torch.bfloat16)

    @property
    def name(self) -> str:
        """Words for a person, such as ``NVIDIA H200, bfloat16``."""
        hardware = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else self.device.type.upper()
        return f"{hardware}, {str(self.dtype).removeprefix('torch.')}"


def choose_compute(device: str = "auto", precision: str = "auto") -> Compute:
    """Return where to compute.

    Args:
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        precision: ``auto``, ``bf16`` or ``fp32``.

    Raises:
        DeviceError: the asked device is not there, or the words are not known.
    """
    if precision not in ("auto", "bf16", "fp32"):
        raise DeviceError(f"The precision '{precision}' is not known; use auto, bf16 or fp32.")
    chosen = torch.device(_best_device() if device == "auto" else _existing(device))
    fast = precision == "bf16" or (precision == "auto" and has_fast_bf16(chosen.type))
    return Compute(chosen, torch.bfloat16 if fast else torch.float32)


def has_fast_bf16(device_type: str) -> bool:
    """Tell whether bfloat16 is faster than float32 on a kind of device (AVX-512 BF16, AMX, CUDA from Ampere on)."""
    if device_type == "cuda":
        return torch.cuda.get_device_capability()[0] >= 8
    if device_type == "cpu":
        flags = torch.backends.cpu.get_cpu_capability()
        return "AVX512" in flags and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return False


def _best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _existing(device: str) -> str:
    kind, _, index = device.partition(":")
    if kind not in ("cpu", "cuda", "mps") or (index and not index.isdecimal()):
        raise DeviceError(f"The device '{device}' is not known; use auto, cpu, cuda, cuda:0 or mps.")
    if kind == "cuda" and (not torch.cuda.is_available() or int(index or 0) >= torch.cuda.device_count()):
        raise DeviceError(
            f"The device '{device}' is not here ({torch.cuda.device_count()} CUDA devices); use auto or cpu."
        )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise DeviceError("The device 'mps' is not here; use auto or cpu.")
    return device
