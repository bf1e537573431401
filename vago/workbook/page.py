"""The HTML page of an executed notebook: text and results without code, contents, links."""

from __future__ import annotations

import os
import re
from html import escape
from pathlib import Path

from vago.files import write_whole
from vago.workbook.pipeline import NOTEBOOKS

WIDGET = "application/vnd.jupyter.widget-view+json"

# The page stands alone: no script is fetched when it is opened, so it reads the same offline.
TEMPLATE = """{% extends 'lab/index.html.j2' %}
{% block html_head_js %}{% endblock %}{% block jupyter_widgets %}{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}{% block html_head_js_mermaidjs %}{% endblock %}
{% block extra_css %}<style>
:root { color-scheme: light dark; }
main { max-width: 60rem; margin: 0 auto; }
/* Prose and printed text start where tables and figures start; warnings keep their box. */
.jp-MarkdownCell .jp-MarkdownOutput { padding-left: 0; }
.jp-OutputArea .jp-RenderedText[data-mime-type="text/plain"] { padding-left: 0; }
.jp-RenderedHTMLCommon code { overflow-wrap: anywhere; }
.jp-RenderedHTML > p:first-child { margin-top: 0.7em; }
.jp-OutputArea .jp-RenderedText pre { word-break: normal; overflow-wrap: anywhere; }
.jp-RenderedHTMLCommon .figure { margin: 0.4em 0; }
.jp-RenderedHTMLCommon img { background: white; border-radius: 4px; }
nav.contents { margin: 1em 0; line-height: 1.8; }
.jp-RenderedHTMLCommon nav.contents ol { display: inline; margin: 0; padding: 0; }
nav.contents li { display: inline; }
nav.contents li + li::before { content: "· "; }
@media (max-width: 40rem) { body.jp-Notebook { padding: 12px; } }
@media (prefers-color-scheme: dark) {
  body.jp-Notebook {
    --jp-layout-color0: #161616; --jp-layout-color1: #161616; --jp-layout-color2: #2a2a2a;
    --jp-layout-color3: #3a3a3a; --jp-cell-editor-background: #222;
    --jp-content-font-color0: #fff; --jp-content-font-color1: #e4e4e4;
    --jp-content-font-color2: #bbb; --jp-content-font-color3: #999;
    --jp-ui-font-color0: #fff; --jp-ui-font-color1: #e4e4e4; --jp-ui-font-color2: #bbb;
    --jp-border-color0: #666; --jp-border-color1: #555; --jp-border-color2: #444;
    --jp-border-color3: #333; --jp-content-link-color: #8ab4f8;
    --jp-rendermime-table-row-background: #212121;
    --jp-rendermime-table-row-hover-background: #2c3540;
    --jp-rendermime-error-background: #4a1f1c;
    background: #161616; color: #e4e4e4;
  }
}
NARROW
</style>{% endblock %}
"""


def write_page(executed: Path, folder: Path, title: str) -> Path:
    """`executed` as a readable page beside it: text and results, no code and no dead widgets.

    Args:
        folder: the tracked notebooks'; images that the markdown names are embedded from there.
    """
    import nbformat
    from nbconvert import HTMLExporter

    from vago.display.html import NARROW

    notebook = nbformat.read(executed, as_version=4)
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if WIDGET not in out.get("data", {})]
    notebook.cells = [c for c in notebook.cells if c.cell_type != "code" or c.outputs]

    # Without both prompts, text and outputs have the same left edge.
    exporter = HTMLExporter(
        raw_template=TEMPLATE.replace("NARROW", NARROW),
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        embed_images=True,
    )
    resources = {"metadata": {"name": title, "path": str(folder)}}
    page, _ = exporter.from_notebook_node(notebook, resources=resources)

    target = executed.with_suffix(".html")
    page = with_contents(with_links(page, target.parent, folder))
    write_whole(target, page)
    return target


def with_links(page: str, here: Path, folder: Path) -> str:
    """Links to the six notebooks lead to their pages, links to others to the tracked notebook."""

    def led(match: re.Match) -> str:
        stem, place = match["stem"], match["place"] or ""
        if stem in NOTEBOOKS:
            return f'href="{stem}.html{place}"'
        tracked = Path(os.path.relpath(folder / f"{stem}.ipynb", here)).as_posix()
        return f'href="{tracked}{place}"'

    return re.sub(r'href="(?P<stem>[\w-]+)\.ipynb(?P<place>#[^"]*)?"', led, page)


def with_contents(page: str) -> str:
    """A page with links to its sections below its title."""
    sections = re.findall(r'<h2 id="([^"]+)">(.*?)<a class="anchor-link"', page)
    if not sections:
        return page

    items = []
    for name, heading in sections:
        words = re.sub("<[^>]*>", "", heading)
        items.append(f'<li><a href="#{escape(name)}">{words}</a> </li>')
    contents = f'<nav class="contents" aria-label="Contents"><ol>{"".join(items)}</ol></nav>'
    return page.replace("</h1>", f"</h1>{contents}", 1)
