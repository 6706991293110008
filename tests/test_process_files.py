"""What several processes write that share out rows: read by one process, gone on with by any number, told where it is damaged."""

import dataclasses
import shutil

import jax
import numpy as np
import pytest
import two_processes as program
from jax.sharding import Mesh
from schedulers import TESTS, open_mpi, slurm, together

import spaic_jax as sj
from spaic_jax.recording.parts import Folder
from spaic_jax.train import CheckpointError, Checkpoints, load_checkpoint


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """What two processes have written, which Slurm has started."""
    folder = tmp_path_factory.mktemp("written")
    together(slurm, TESTS / "two_processes.py", "training", folder)
    return folder


def test_one_process_reads_what_two_have_written(written, tmp_path):
    sim = program.layer()
    trained = program.fit(sim, 3)
    assert sorted(file.name.partition(".")[0] for file in (written / "trained").iterdir()) == ["checkpoint-2"] * 3 + ["checkpoint-3"] * 3 + ["checkpoint-4"]
    kept = Checkpoints(written / "trained", sim, program.OPTIMIZER)
    newest, history = kept.newest()
    assert newest.epoch == history[-1]["epoch"] == 3
    variables, epoch = sj.load_weights(written / "weights.safetensors", sim)
    rest = program.fit(sim, 3, start=kept.load(2))
    assert epoch == 3 and trained.params.keys() == {"into.weight", "out.weight"}
    for name, x in trained.params.items():
        assert float(np.abs(x - sim.init(program.key())[name]).max()) > 0.05
        for found in (newest.params, variables.params, rest.params):
            # Sums over the rows, in gradients of what they weigh, are taken in another order.
            np.testing.assert_allclose(found[name], x, atol=1e-6, err_msg=name)
    # Of whole arrays the same is written as one file.
    sj.train.save_checkpoint(tmp_path / "one.safetensors", sim, newest, history)
    again, _ = load_checkpoint(tmp_path / "one.safetensors", sim, program.OPTIMIZER)
    np.testing.assert_array_equal(again.params["into.weight"], newest.params["into.weight"])
    assert len(list(tmp_path.iterdir())) == 1


def same_recording(found, one):
    assert found.layout == one.layout and found.finished and len(one.spikes("fired")) > 50 and np.ptp(one.probes["weights"]) > 0
    np.testing.assert_array_equal(found.spikes("fired").times, one.spikes("fired").times)
    np.testing.assert_array_equal(found.spikes("fired").neurons, one.spikes("fired").neurons)
    for name, values in {**one.probes, **one.outputs}.items():
        there = found.outputs if name == "counts" else found.probes
        np.testing.assert_allclose(there[name], values, rtol=1e-5, atol=1e-6, err_msg=name)


def cut(folder, chunks, to):
    """A recording as if it had been killed when so many chunks were done, and another was kept without its state."""
    shutil.copytree(folder, to)
    for number in range(chunks + 1, 4):
        (to / f"part-{number:06d}.npz").unlink()
    (to / "totals.npz").unlink()


def test_two_devices_record_what_one_does(tmp_path):
    sim, mesh = program.brain(), Mesh(np.array(jax.devices()[:2]), ("model",))
    one = program.simulate(sim)
    states, add = [], Folder.add

    def noted(self, number, part, state):
        add(self, number, part, state)
        states.append((self.path / "state.safetensors").read_bytes())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Folder, "add", noted)
        two = program.simulate(sim, mesh, to=tmp_path / "two")
    assert two.variables["there.weight"].sharding.shard_shape((6, 8)) == (3, 8)
    same_recording(two, one)
    # What two devices began one ends, and the other way round.
    for number, on in enumerate((None, mesh)):
        rest = tmp_path / str(number)
        cut(tmp_path / "two", 2, rest)
        (rest / "state.safetensors").write_bytes(states[1])
        found = sj.resume(rest, sim, mesh=on)
        same_recording(found, one)
        np.testing.assert_allclose(found.variables["there.weight"], one.variables["there.weight"], atol=1e-6)


@pytest.mark.slow
def test_two_processes_record_what_one_does(tmp_path):
    together(open_mpi, TESTS / "two_processes.py", "recording", tmp_path)
    sim = program.brain()
    one = program.simulate(sim)
    same_recording(sj.Recording.load(tmp_path / "recorded"), one)
    np.testing.assert_allclose(sj.resume(tmp_path / "recorded", sim).variables["there.weight"], one.variables["there.weight"], atol=1e-6)
    cut(tmp_path / "recorded", 2, tmp_path / "cut")
    (tmp_path / "cut" / "state.safetensors").unlink()
    same_recording(sj.resume(tmp_path / "cut", sim), one)


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda part, other: part.unlink(), "lacks 'checkpoint-3.1of2.*', which another process wrote"),
        (lambda part, other: part.write_bytes(other.read_bytes()), "it is not what was written with 'checkpoint-3.safetensors'"),
        (lambda part, other: part.write_bytes(part.read_bytes()[:-4] + b"\0\0\0\0"), "what it holds is not what was written"),
        (lambda part, other: part.write_bytes(part.read_bytes()[:50]), "is damaged, or is no file of safetensors"),
    ],
)
def test_a_part_that_is_not_whole(written, tmp_path, harm, sentence):
    shutil.copytree(written / "trained", tmp_path / "run", ignore=shutil.ignore_patterns("checkpoint-4*"))
    part, other = (next((tmp_path / "run").glob(f"checkpoint-{epoch}.1of2.*")) for epoch in (3, 2))
    harm(part, other)
    sim = program.layer()
    kept = Checkpoints(tmp_path / "run", sim, program.OPTIMIZER)
    with pytest.raises(CheckpointError, match=sentence):
        kept.load(3)
    with pytest.warns(UserWarning, match=f"{sentence}.* What is gone on with is .*checkpoint-2.safetensors', of epoch 2"):
        state, _ = kept.newest()
    # What is written in its place is whole, and nothing is left of what was there.
    kept.save(dataclasses.replace(state, epoch=3))
    assert sorted(file.name.count("of2") for file in (tmp_path / "run").iterdir()) == [0, 0, 1, 1]
    assert kept.newest()[0].epoch == 3


def test_what_names_files_elsewhere_is_refused(tmp_path):
    from spaic_jax.storage._parts import read_parts

    for name in ("../a.0of1.0123456789abcdef.safetensors", "b.0of1.0123456789abcdef.safetensors", "a.safetensors"):
        with pytest.raises(CheckpointError, match="which is no file of a process"):
            read_parts(tmp_path / "a.safetensors", [name], CheckpointError)
