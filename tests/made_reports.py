"""A wave's folder of results as the stages leave it, of a made-up survey, for tests of the site."""

import json

from made_estimates import estimates_of

from pipeline.figures import draw_all
from pipeline.findings import finding_clauses, key_findings
from pipeline.tables import write_table, write_text


def made_report(folder, codebook, settings, support="measured"):
    """Write the results of a made-up wave into `folder` and return it: estimates, findings, figures, a notebook."""
    estimates = estimates_of(codebook).assign(support=support)
    clauses = finding_clauses(estimates, codebook, settings.analyse.confidence, settings.figures.basis)
    write_table(folder / "estimates.csv", estimates)
    write_table(folder / "key_findings_clauses.csv", clauses)
    write_table(folder / "key_findings.csv", key_findings(clauses, codebook))
    draw_all(estimates, codebook, settings, folder / "figures", say=lambda line: None)
    write_text(folder / "notebooks/analyse.ipynb", json.dumps(made_notebook(codebook)))
    return folder


def made_notebook(codebook):
    """An executed notebook that shows every kind of output, and whatever the codebook's title holds in each."""
    title = codebook.title
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": [f"{title}\n"]},
        {"output_type": "execute_result", "data": {"text/markdown": [f"**{title}**"], "text/plain": ["x"]}},
        {"output_type": "execute_result", "data": {"text/html": [f"<table><tr><td>{title}</td></tr></table>"]}},
    ]
    writes = 'write_table(f"{report}/estimates.csv", estimates)\nwrite_table(f"{report}/key_findings.csv", findings)'
    cells = [
        {
            "cell_type": "markdown",
            "id": "purpose",
            "metadata": {},
            "source": ["# Analyse: what was said\n", "\n", title],
        },
        {"cell_type": "code", "id": "findings", "metadata": {}, "source": [writes], "outputs": outputs},
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
