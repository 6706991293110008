"""A page of HTML that needs nothing beside it: pictures lie in it, and all text is escaped."""

import base64
from collections.abc import Mapping, Sequence
from html import escape

from spaic_jax.cli.pictures import Picture

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 64rem; margin: 0 auto; padding: 1rem 1.2rem 3rem; }}
h1 {{ font-size: 1.6rem; margin: .6rem 0 0; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.2rem; margin: 2.2rem 0 .6rem; padding-bottom: .2rem; border-bottom: 2px solid #0072b2; }}
h3 {{ font-size: 1rem; margin: 1.2rem 0 .4rem; }}
p.state {{ color: #555; margin: .2rem 0 1rem; }}
dl {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .6rem; margin: 0; }}
dl div {{ border: 1px solid #ddd; border-radius: 6px; padding: .4rem .7rem; }}
dt {{ font-size: .8rem; color: #666; }}
dd {{ margin: 0; font-size: 1.15rem; overflow-wrap: anywhere; }}
.scroll {{ overflow: auto; max-height: 26rem; }}
table {{ border-collapse: collapse; font-size: .87rem; font-variant-numeric: tabular-nums; }}
th, td {{ text-align: left; padding: .22rem .9rem .22rem 0; vertical-align: top; white-space: nowrap; border-bottom: 1px solid #eee; }}
th {{ position: sticky; top: 0; background: #fff; color: #555; font-weight: 600; }}
td.number, th.number {{ text-align: right; }}
figure {{ margin: 1rem 0 1.6rem; overflow-x: auto; }}
figure img {{ display: block; max-width: max(100%, 38rem); height: auto; }}
figcaption {{ color: #555; font-size: .87rem; }}
pre {{ font-size: .82rem; background: #f6f6f6; border-radius: 6px; padding: .8rem; margin: 0; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p class="state">{state}</p>
{body}
</body>
</html>
"""


def page(title: str, state: str, facts: Mapping[str, str], sections: Mapping[str, Sequence[str]]) -> str:
    """The page.

    Args:
        title: what it is about.
        state: a line below.
        facts: what is to be seen first, by name.
        sections: blocks of HTML by title; a section without any is left out.
    """
    tiles = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items())
    parts = [f"<section><h2>{escape(name)}</h2>{''.join(blocks)}</section>" for name, blocks in sections.items() if blocks]
    body = "\n".join([f"<dl>{tiles}</dl>", *parts])
    return _PAGE.format(title=escape(title), state=escape(state), body=body)


def figure(picture: Picture) -> str:
    """A picture with its caption."""
    data = base64.b64encode(picture.png).decode()
    caption = escape(picture.caption)
    image = f'<img width="{picture.width}" alt="{caption}" src="data:image/png;base64,{data}">'
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table, in which columns of numbers stand right and empty ones are left out."""
    there = [place for place in range(len(columns)) if not rows or any(row[place] for row in rows)]
    columns, rows = [columns[place] for place in there], [[row[place] for place in there] for row in rows]
    kinds = [
        ' class="number"' if rows and all(_is_number(row[place]) for row in rows) else "" for place in range(len(columns))
    ]
    head = "".join(f"<th{kind}>{escape(name)}</th>" for name, kind in zip(columns, kinds, strict=True)) if any(columns) else ""
    lines = ("".join(f"<td{kind}>{escape(cell)}</td>" for cell, kind in zip(row, kinds, strict=True)) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="scroll"><table>{f"<thead><tr>{head}</tr></thead>" if head else ""}<tbody>{body}</tbody></table></div>'


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "") or "0")
    except ValueError:
        return False
    return True
