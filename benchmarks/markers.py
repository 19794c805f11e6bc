"""Tables that a benchmark writes into a document, between `<!-- name -->` and `<!-- end -->`."""

import re
import sys


def replace_between(path, name, text):
    """Replace what stands between the markers of this name; end with a sentence where the document has none."""
    document = path.read_text(encoding="utf-8")
    markers = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)", flags=re.DOTALL)
    if not markers.search(document):
        sys.exit(f"{path} has no markers <!-- {name} --> to write between.")
    path.write_text(markers.sub(lambda m: m[1] + text + m[2], document), encoding="utf-8")
