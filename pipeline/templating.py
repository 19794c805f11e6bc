"""The package's templates of pages: everything put in is escaped, and a name that is not given is an error."""

from functools import cache
from pathlib import Path

import jinja2

TEMPLATES = Path(__file__).parent / "templates"


@cache
def templates(folder=""):
    """The templates below a folder of TEMPLATES."""
    options = {"trim_blocks": True, "lstrip_blocks": True, "undefined": jinja2.StrictUndefined}
    return jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES / folder), autoescape=True, **options)
