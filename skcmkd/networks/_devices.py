"""Torch devices by name."""

import torch


def parse_device(device: str) -> torch.device:
    """The device of a name, available or not; "auto" is CUDA where it is available, else the CPU."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.device(device)
    except RuntimeError as error:
        raise ValueError(f"device={device!r} is not a torch device. Take 'auto', 'cpu', 'cuda' or 'cuda:1'.") from error


def is_available(device: torch.device) -> bool:
    """Whether this machine, with this build of torch, has the device."""
    if device.type == "cuda":
        return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    return device.type != "mps" or torch.backends.mps.is_available()


def resolve_device(device: str) -> torch.device:
    """The device of a name; raises where it is not available."""
    where = parse_device(device)
    if not is_available(where):
        n_cuda = f"{torch.cuda.device_count()} CUDA devices" if torch.cuda.is_available() else "no CUDA device"
        available = n_cuda if where.type == "cuda" else f"no {where.type} device"
        raise ValueError(f"device={device!r} is not available: torch finds {available}. Take 'auto' or 'cpu'.")
    return where
