"""Renders a template into a response with strict headers."""

from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.alerts.entrypoints.pages import chart
from services.alerts.entrypoints.pages.words import LANGUAGES, PageWords

HERE = Path(__file__).resolve().parent
STYLE_SHEET = HERE / "static" / "tocsin.css"
_HEADERS = {
    # One style sheet of our own, forms to ourselves, and nothing else: no script at all.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, Cookie",
}

_environment = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals.update(drawing=chart, languages=LANGUAGES)


def page(template: str, words: PageWords, *, status_code: int = 200, **values: Any) -> HTMLResponse:
    """Returns a rendered page; templates call `t` for a text and `words` for labels and figures."""
    values |= {"words": words, "t": words.text}
    content = _environment.get_template(template).render(values)
    return HTMLResponse(content, status_code=status_code, headers=_HEADERS)
