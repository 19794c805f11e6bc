"""A pytest plugin that has nbval compare results alone, and all of them.

Progress and warnings, which go to stderr, are none and are not kept in the executed copies. Pictures are, to the byte:
nbval by itself passes over them.
"""

PICTURES = {"image/png", "image/jpeg"}


def pytest_collection_modifyitems(items):
    for notebook in {item.parent for item in items}:
        notebook.skip_compare = (*(set(notebook.skip_compare) - PICTURES), "stderr")
