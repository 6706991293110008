"""`spaic-jax list` and the site of `spaic-jax docs` show every name that there is."""

import importlib
import re
import subprocess
import sys
from collections.abc import Mapping

import pytest

from spaic_jax import coming_from_spaic
from spaic_jax.cli import main
from spaic_jax.cli.docs import public_modules
from spaic_jax.cli.families import FAMILIES, rows_of


def table_of(family):
    return getattr(importlib.import_module(FAMILIES[family].module), FAMILIES[family].table)


def without_rich(monkeypatch):
    for module in ("rich", "rich.console", "rich.table", "rich.text"):
        monkeypatch.setitem(sys.modules, module, None)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_list_has_a_row_for_each_class_with_all_its_names(family, capsys, monkeypatch):
    without_rich(monkeypatch)
    assert main(["list", family]) == 0
    title, header, *lines = capsys.readouterr().out.splitlines()
    assert title == FAMILIES[family].title and header.split() == ["names", "class", "what", "it", "is"]
    rows = [re.split(r" {2,}", line, maxsplit=2) for line in lines]
    assert all(len(row) == 3 and row[2] for row in rows), "a class without a docstring"
    named = {name: kind for names, kind, _ in rows for name in names.split(", ")}
    assert named == {name: getattr(kind, "__name__", name) for name, kind in table_of(family).items()}
    assert len(rows) == len(set(table_of(family).values()))


def test_every_table_of_names_is_a_family():
    """That every public class is in its table is tested beside each table."""
    shown = {id(table_of(family)) for family in FAMILIES}
    for module in public_modules():
        for name, table in vars(importlib.import_module(module)).items():
            if name.isupper() and isinstance(table, Mapping) and all(map(callable, table.values())):
                assert id(table) in shown or not all(isinstance(key, str) for key in table), f"{module}.{name}"


def test_the_overview_has_all_families(capsys, monkeypatch):
    without_rich(monkeypatch)
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(FAMILIES)
    for family, line in zip(FAMILIES, lines, strict=True):
        assert line.endswith(", ".join(row[0] for row in rows_of(family)))


def test_with_rich_a_list_is_a_table(capsys):
    assert main(["list", "neurons"]) == 0
    shown = capsys.readouterr().out
    assert "━" in shown and all(row[1] in shown for row in rows_of("neurons"))


def test_an_unknown_family(capsys):
    assert main(["list", "neuron"]) == 2
    assert "unknown family 'neuron': did you mean 'neurons'?" in capsys.readouterr().err


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Built once, in a process of its own, where a warning is an error."""
    pytest.importorskip("pdoc")
    out = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-W", "error", "-m", "spaic_jax", "docs", str(out)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


def page(site, module):
    return (site / f"{module.replace('.', '/')}.html").read_text()


def test_the_site_has_every_page_and_links_to_each(site):
    written = {str(path.relative_to(site)) for path in site.rglob("*.html")}
    paths = {f"{module.replace('.', '/')}.html" for module in public_modules()}
    assert written == paths | {"index.html"}
    assert all(f'href="{path}"' in page(site, "spaic_jax") for path in paths - {"spaic_jax.html"})


@pytest.mark.parametrize("family", FAMILIES)
def test_every_class_of_a_family_is_on_its_page(family, site):
    text = page(site, FAMILIES[family].module)
    own = [kind for kind in table_of(family).values() if kind.__module__.startswith("spaic_jax.")]
    assert own or family == "optimizers", "optimizers are those of optax"
    for kind in own:
        assert f'<section id="{kind.__name__}">' in text
        assert f'<td><code><a href="#{kind.__name__}">{kind.__name__}</a></code></td>' in text
    for name in table_of(family):
        assert f"<code>{name}</code>" in text or f">{name}</a></code>" in text


def test_equations_reach_the_page_as_they_are(site):
    """Markdown would take a line that begins with a minus for a list."""
    for module in public_modules():
        for text in re.findall(r'<div class="docstring">(.*?)</div>', page(site, module), re.DOTALL):
            assert text.count("$$") % 2 == 0
            for equation in text.split("$$")[1::2]:
                assert "<" not in equation, (module, equation)


def test_the_page_of_spaic_has_its_names(site):
    text = page(site, "spaic_jax.coming_from_spaic")
    assert all(f"<code>{name}</code>" in text or f">{name}</a></code>" in text for name in coming_from_spaic.NAMES)


def test_a_site_needs_a_folder(tmp_path, capsys):
    pytest.importorskip("pdoc")
    (tmp_path / "file").write_text("")
    assert main(["docs", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err == f"spaic-jax: '{tmp_path / 'file'}' is no folder.\n"


def test_a_site_without_pdoc(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pdoc", None)
    assert main(["docs", str(tmp_path / "site")]) == 2
    assert 'needs the package pdoc: pip install "spaic_jax[docs]".' in capsys.readouterr().err
    assert not (tmp_path / "site").exists()
