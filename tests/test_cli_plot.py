"""The commands `plot` and `report`: pictures of a run from its files, and a page that needs nothing beside it."""

import base64
import dataclasses
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import jax
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.cli import main
from spaic_jax.cli.reading import read_run
from spaic_jax.cli.report import of_training

DIGITS = str(Path(__file__).parent.parent / "configs" / "digits.toml")
SMALL = ["--set", "network.groups.hidden.num=8", "--set", "simulation.duration=3", "--set", "training.epochs=1", "--quiet"]
BRAIN = """
[network.generators.noise]
num = 4
coding_method = "poisson_generator"
rate = 2.0

[network.groups."<b>$&_^layer$"]
num = 6
model = "lif"
tau_m = 20.0

[network.connections.link]
pre = "noise"
post = "<b>$&_^layer$"
weight = { initial = "constant", value = 0.9 }

[network.monitors.fired]
kind = "spikes"
target = "<b>$&_^layer$"

[network.monitors.potential]
kind = "state"
target = "<b>$&_^layer$"
var_name = "V"
index = [[0, 3]]

[simulation]
dt = 1.0
duration = 120.0
"""


class Page(HTMLParser):
    """What stands in a page: its tags, which must close each other, its text, and its pictures."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.said, self.pictures, self.asked = [], [], "", {}, []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        given = dict(attrs)
        self.asked += [value for name, value in attrs if name in ("src", "href", "srcset", "action", "data", "style")]
        if tag == "img":
            self.pictures[given["alt"]] = base64.b64decode(given["src"].removeprefix("data:image/png;base64,"))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.said += f" {data}"


def read_page(path):
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert not {"script", "link", "iframe", "object", "b"} & set(page.tags)
    assert all(asked.startswith("data:image/png;base64,") for asked in page.asked)
    assert "url(" not in text and "@import" not in text
    assert all(png.startswith(b"\x89PNG") for png in page.pictures.values())
    return page


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "a <b>&\"'run"
    assert main(["train", DIGITS, *SMALL, "--out", str(out), "--seed", "3"]) == 0
    return out


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    (folder / "net.toml").write_text(BRAIN)
    assert main(["simulate", str(folder / "net.toml"), "--out", str(folder / "run"), "--quiet", "--chunk", "50"]) == 0
    return folder / "run"


def test_plot_draws_what_the_training_drew(trained, tmp_path, capsys):
    drawn = {file.name: file.read_bytes() for file in trained.glob("*.png")}
    assert len(drawn) == 6
    assert main(["plot", str(trained), "--out", str(tmp_path / "new" / "pictures")]) == 0
    assert {file.name: file.read_bytes() for file in (tmp_path / "new" / "pictures").iterdir()} == drawn
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 6 and all(Path(line.partition(": ")[0]).is_file() for line in told)


def test_a_training_that_goes_on_is_drawn_from_its_checkpoint(trained, tmp_path):
    for name in ("config.json", "checkpoint-1.safetensors"):
        (tmp_path / name).write_bytes((trained / name).read_bytes())
    running, finished = read_run(tmp_path), read_run(trained)
    assert running.history == finished.history and running.tested.accuracy == finished.tested.accuracy
    np.testing.assert_array_equal(running.tested.predictions, finished.tested.predictions)
    for name, x in finished.variables.params.items():
        np.testing.assert_array_equal(running.variables.params[name], x)


def test_the_report_of_a_training_is_whole(trained, tmp_path):
    assert main(["report", str(trained), "--out", str(tmp_path / "page.html")]) == 0
    page = read_page(tmp_path / "page.html")
    (row,) = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    said = page.said
    assert "a <b>&\"'run" in said and "training, finished after epoch 1" in said
    for needed in (f"{row['test_accuracy']:.2%}", f"{row['loss']:.4g}", "hidden_to_output.weight", "LeakyIntegrator", "cosine", jax.__version__):
        assert needed in said, needed
    assert list(page.pictures.values()) == [(trained / f"{name}.png").read_bytes() for name in (
        "network", "learning_curve", "confusion_matrix", "raster", "receptive_fields_image_to_hidden", "weights_hidden_to_output",
    )]
    assert not list(trained.glob("*.html"))


def test_a_long_history_is_thinned(trained, tmp_path):
    run = read_run(trained)
    rows = [run.history[0] | {"epoch": number} for number in range(1, 1001)]
    (tmp_path / "page.html").write_text(of_training(dataclasses.replace(run, history=rows)))
    page = read_page(tmp_path / "page.html")
    assert "Every 5th epoch." in page.said and " 1000 " in page.said and " 995 " in page.said and " 996 " not in page.said


def test_recordings_are_drawn_and_reported(recorded, tmp_path, capsys):
    assert main(["plot", str(recorded), "--out", str(tmp_path)]) == 0
    names = {"network.png", "raster.png", "rates.png", "firing.png", "monitor_potential.png"}
    assert {file.name for file in tmp_path.iterdir()} == names and not list(recorded.glob("*.png"))
    assert main(["report", str(recorded)]) == 0
    page = read_page(recorded / "report.html")
    assert set(page.pictures.values()) == {file.read_bytes() for file in tmp_path.iterdir()}
    spikes = sj.Recording.load(recorded).spikes("fired")
    assert "120 ms" in page.said and f" {len(spikes):,} " in page.said and "<b>$&_^layer$" in page.said
    # A recording with a configuration and a report beside it can be gone on with.
    assert main(["simulate", str(recorded.parent / "net.toml"), "--out", str(recorded), "--quiet", "--resume"]) == 0
    assert json.loads((recorded / "config.json").read_text())["simulation"]["duration"] == 120


def test_a_recording_without_a_configuration_has_no_network(recorded, tmp_path):
    sim = sj.build(sj.load_network(recorded.parent / "net.toml"), dt=1.0)
    made = sj.simulate(sim, sim.init(jax.random.key(0)), 20.0, key=jax.random.key(1), to=tmp_path / "own")
    run = read_run(tmp_path / "own")
    assert run.network is None and run.recording.steps == made.steps
    assert [picture.name for picture in run.pictures()] == ["raster", "rates", "firing", "monitor_potential"]


def test_what_is_no_run_is_refused(trained, recorded, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "config.json").write_bytes((trained / "config.json").read_bytes())
    (tmp_path / "cut").mkdir()
    for file in trained.iterdir():
        (tmp_path / "cut" / file.name).write_bytes(file.read_bytes())
    (tmp_path / "cut" / "weights.safetensors").write_bytes((trained / "weights.safetensors").read_bytes()[:200])
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "index.json").write_text("{}")
    (tmp_path / "file").write_text("")
    for arguments, sentence in (
        (["plot", "empty"], "'empty' is no run folder: it holds no config.json"),
        (["report", "nowhere"], "'nowhere' is no run folder"),
        (["plot", "nowhere"], "'nowhere' is no run folder"),
        (["plot", "begun"], "'begun' holds a run of which no epoch is finished yet"),
        (["plot", "cut"], "'cut/weights.safetensors' is damaged"),
        (["plot", "index"], "index.json"),
        (["plot", str(recorded), "--out", "file"], "File exists: file"),
        (["report", str(recorded), "--out", "x.pdf"], "give a name that ends in .html, not 'x.pdf'"),
        (["report", str(recorded), "--out", "no/x.html"], "there is no folder 'no'"),
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path)
            assert main(arguments) == 2, arguments
        told = capsys.readouterr().err
        assert sentence in told and re.fullmatch(r"spaic-jax: [^\n]*\.?\n", told), told
