"""Processes that find each other as they would under a scheduler: by the environment variables that it sets."""

import contextlib
import socket
import sys
from pathlib import Path

import numpy as np

from spaic_jax.distributed.children import run_together

TESTS = Path(__file__).parent


def free_port():
    """One of those that JAX chooses from by the number of a job, which begin at 61440."""
    for port in np.random.default_rng().permutation(4096) + 61440:
        with socket.socket() as found, contextlib.suppress(OSError):
            found.bind(("127.0.0.1", int(port)))
            return int(port)
    raise AssertionError("no port is free")


def slurm(number, processes, port):
    """The environment variables that Slurm sets of a job."""
    return {
        "SLURM_JOB_ID": port - 61440, "SLURM_STEP_NODELIST": "127.0.0.1", "SLURM_NTASKS": processes, "SLURM_PROCID": number,
        "SLURM_LOCALID": number, "SLURM_STEP_NUM_NODES": 1,
    }


def open_mpi(number, processes, port):
    """Those that Open MPI 4 sets, whose jobs are numbered by multiples of 4096."""
    return {
        "OMPI_MCA_orte_hnp_uri": f"{(port - 61440) * 4096}.0;tcp://127.0.0.1:34911", "OMPI_COMM_WORLD_SIZE": processes,
        "OMPI_COMM_WORLD_RANK": number, "OMPI_COMM_WORLD_LOCAL_RANK": number,
    }


def together(environment, *program, devices=1, patience=200.0):
    """Run a program as two processes that find each other by their environment alone."""
    port = free_port()

    def one(_, number):
        flags = f"--xla_force_host_platform_device_count={devices}"
        given = {"PYTHONPATH": TESTS.parent, "XLA_FLAGS": flags, **environment(number, 2, port)}
        command = [sys.executable, "-W", "error", *program]
        return ["env", *(f"{name}={value}" for name, value in given.items()), *map(str, command)]

    run_together(one, 2, patience)
