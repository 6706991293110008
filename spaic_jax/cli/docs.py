"""The command `docs`: a site of the public names, made from their docstrings."""

import importlib
import pkgutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import spaic_jax
from spaic_jax import coming_from_spaic
from spaic_jax._extras import import_extra
from spaic_jax.cli.errors import UserError, check_out, user_errors
from spaic_jax.cli.families import COLUMNS, FAMILIES, first_line, rows_of


def docs(out: str) -> None:
    """Write the site.

    Args:
        out: folder of the site; it is made if it is not there.

    Raises:
        UserError: a package is missing, or the folder cannot be written.
    """
    folder = Path(out)
    check_out(folder)
    with user_errors():
        pdoc = import_extra("pdoc", "the site of docstrings")
        import_extra("matplotlib", "the page of spaic_jax.plot")
        if folder.exists() and not folder.is_dir():
            raise UserError(f"'{folder}' is no folder.")
    pdoc.render.configure(docformat="google", math=True)
    pages = {name: pdoc.doc.Module(importlib.import_module(name)) for name in public_modules()}
    for name, page in pages.items():
        page.docstring += tables(name)
    with user_errors():
        for name, page in pages.items():
            _write(folder / f"{name.replace('.', '/')}.html", pdoc.render.html_module(page, pages))
        _write(folder / "index.html", pdoc.render.html_index(pages))
        _write(folder / "search.js", pdoc.render.search_index(pages))
    print(f"{len(pages)} pages in {folder / 'index.html'}")


def public_modules() -> list[str]:
    """What has a page: the package, what lies directly in it without a leading underscore, and the rooms of the families.

    >>> public_modules()[:2]
    ['spaic_jax', 'spaic_jax.analysis']
    """
    direct = {f"spaic_jax.{module.name}" for module in pkgutil.iter_modules(spaic_jax.__path__) if module.name[0] != "_"}
    # The command line describes itself by --help.
    return ["spaic_jax", *sorted((direct | {family.module for family in FAMILIES.values()}) - {"spaic_jax.cli"})]


def tables(module: str) -> str:
    """What a page shows below its docstring, as Markdown: its pages, or the names that its classes go by."""
    if module == spaic_jax.__name__:
        pages = [(f"`{name}`", first_line(importlib.import_module(name))) for name in public_modules()[1:]]
        return _table("Pages", ("page", "what is there"), pages)
    if module == coming_from_spaic.__name__:
        return f"\n\n{coming_from_spaic.page()}"
    shown = [(family.title, rows_of(name)) for name, family in FAMILIES.items() if family.module == module]
    # Each name in backquotes is code, and a link to the class where one has it.
    return "".join(
        _table(title, COLUMNS, [(_code(names), f"`{kind}`", what) for names, kind, what in rows]) for title, rows in shown
    )


def _code(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split(", "))


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    # A bar ends a cell, in code too.
    lines = [[cell.replace("|", "\\|") for cell in row] for row in (columns, ["---"] * len(columns), *rows)]
    return "\n".join(["", "", f"## {title}", "", *(f"| {' | '.join(line)} |" for line in lines)])


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
