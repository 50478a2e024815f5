"""The kernel ``train.cu``, run on the CPU by a program that takes all its threads in turn."""

import ctypes
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from torch import Tensor

from fcnet.training.gpu.persistent.kernel import SOURCE, THREADS
from fcnet.training.gpu.persistent.plan import Memory, Plan
from fcnet.training.gpu.updates import advance, rates_of

SHIM = Path(__file__).with_name("cuda_on_cpu.h")
LIMIT = 120  # seconds for the compiler


@cache
def library(options: tuple[str, ...]) -> ctypes.CDLL:
    """The kernel, compiled for the CPU."""
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("there is no g++ to compile the kernel for the CPU")
    program = (
        f'#define EMULATED\n#include "{SHIM}"\n#include "{SOURCE}"\n'
        'extern "C" void emulate(const Job* job, int blocks) { run(train, job, blocks, THREADS, SHARED); }\n'
        'extern "C" int threads() { return THREADS; }\nextern "C" int size() { return sizeof(Job); }\n'
    )
    with TemporaryDirectory() as folder:
        built = str(Path(folder) / "kernel.so")
        command = [compiler, "-x", "c++", "-O1", "-std=c++17", "-w", "-shared", "-fPIC", *options, "-o", built, "-"]
        subprocess.run(command, input=program, text=True, check=True, timeout=LIMIT)
        found = ctypes.CDLL(built)
    assert found.threads() == THREADS
    return found


def emulate(plan: Plan, order: Tensor, lrs: Tensor, *flags: str, more: int = 0) -> Memory:
    """Take steps as ``Persistent`` does, on the CPU, with some more blocks than have units."""
    kernel = library((*plan.options, *flags))
    memory = Memory(plan.shape, len(lrs), torch.device("cpu"))
    rates = rates_of(plan.optimizer, lrs)
    job = plan.job(order, rates, memory)
    assert kernel.size() == ctypes.sizeof(job)
    with torch.no_grad():
        kernel.emulate(ctypes.byref(job), plan.blocks + more)
    advance(plan.optimizer, len(lrs))
    return memory
