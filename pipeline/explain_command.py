"""The command `tracker explain`: where a published number comes from, on one screen of plain text."""

import json
from pathlib import Path
from shutil import which
from textwrap import fill, wrap
from typing import Annotated

import typer

from pipeline.addresses import find_target, split_words
from pipeline.claims import load_claims
from pipeline.codebook import load_codebook
from pipeline.explain import explain_estimate, explain_finding, explain_origin, records_at, status_of
from pipeline.explain_change import CHANGES, SCORE_CHANGES, change_lines, changes_of, explain_change
from pipeline.explain_score import FILES, explain_score, score_key, score_lines
from pipeline.params import load_params
from pipeline.printing import OF_A_RECONSTRUCTION
from pipeline.problems import InputProblem
from pipeline.provenance import SHORT, read_lock
from pipeline.tables import read_respondents, read_table
from pipeline.wording import printed, say

WIDTH, MARGIN = 110, 11
CHANGE = "change"
MOST_LINES = 9


def main(
    number: Annotated[
        list[str],
        typer.Argument(
            help="finding 3, finding 3.2, figure 2 CATEGORY GROUP, MEASURE/CATEGORY/BREAK/GROUP/BASIS, CLAIM, "
            "mark STEP/BREAK/GROUP/BASIS, net SCORE/..., or change and one of these or MEASURE/CATEGORY/..."
        ),
    ],
    wave: Annotated[
        int | None,
        typer.Option(
            help="Year; else that of the number's report, or the last that is no rehearsal; of a change the last."
        ),
    ] = None,
    project: Annotated[Path, typer.Option(help="Folder of the project.")] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON, every record and digit in it.")] = False,
):
    """Say of a published number what it is, of whom, from which records, by which formula, and what made it.

    Works from what is committed; the records themselves need DVC's data, and it says which command brings them.
    """
    found = explained(number, wave=wave, project=project)
    typer.echo(json.dumps(found, indent=1, ensure_ascii=False) if as_json else as_text(found))


def explained(words, *, wave=None, project=Path()):
    """Everything there is to say of a published number, as plain values by name.

    Raises InputProblem for a wave or number that does not exist, and where what is published does not belong together.
    """
    settings, words = load_params(project / "params.yaml"), split_words(words)
    if not words:
        raise InputProblem("no number is named", do="see tracker explain --help")
    if words[0].lower() == CHANGE:
        return _explained_change(words, wave=wave or settings.waves.all[-1], project=project, settings=settings)
    wave = _wave_meant(words, settings.waves, project) if wave is None else wave
    if words[0].lower() in FILES:
        return _explained_score(words, wave=wave, project=project, settings=settings)
    lock, report = read_lock(project), f"reports/{wave}"
    given, records = _given(project, wave, settings, lock)
    codebook = given["codebook"]
    target = _found(
        lambda codebook, claims: find_target(words, codebook=codebook, claims=claims, basis=settings.figures.basis),
        given=given,
        project=project,
        waves=settings.waves,
        measure=words[0],
    )
    found = {"asked": " ".join(words), "kind": target.kind, "wave": wave, "status": status_of(codebook)}
    file, name = f"{report}/estimates.csv", "estimates.csv"
    if target.kind == "finding":
        clauses = read_table(project / report / "key_findings_clauses.csv")
        finding = next(f for f in codebook.findings if f.id == target.id)
        found["finding"] = explain_finding(finding, target.clause, target.keys, clauses, **given)
        file, name = f"{report}/key_findings.csv", "key_findings.csv"
    else:
        found["estimates"] = [explain_estimate(key, **given) for key in target.keys]
    if target.kind == "figure":
        figure = next(f for f in codebook.figures if f.id == target.id)
        found["figure"] = {"id": figure.id, "number": figure.number, "title": figure.title, "note": figure.note}
        found["figure"]["drawn"] = _drawn(project, report, figure, target.keys[0])
        file, name = f"{report}/figures/{figure.id}.csv", "figures"
    if target.kind == "claim":
        found["claim"] = target.id
    return found | {"origin": explain_origin(project, lock, file, name), "data": records}


def _given(project, wave, settings, lock):
    """The tables of a wave that `explain_estimate` takes, and where its records are."""
    codebook = load_codebook(project / "data/codebook" / f"{wave}.yaml")
    records = records_at(project, lock, wave)
    return {
        "codebook": codebook,
        "estimates": read_table(project / f"reports/{wave}" / "estimates.csv"),
        "claims": _claims(project, wave, codebook) if settings.waves.kind(wave) == "reconstruction" else [],
        "share_digits": settings.disclose.share_digits,
        "respondents": read_respondents(project / records["path"], codebook) if records["there"] else None,
    }, records


def _found(find, *, given, project, waves, measure="", also=lambda found, wave: None):
    """What `find` (codebook, claims) finds in a wave. Raises InputProblem with the other waves that have it.

    `also` (found, wave) raises InputProblem where what was found in another wave is not enough. A wave that alone has
    the `measure` is named even if the rest is not known there: it says then what is.
    """
    try:
        return find(given["codebook"], given["claims"])
    except InputProblem as problem:
        others, missing = [], measure not in _measures(given["codebook"])
        for wave in (w for w in waves.all if w != given["codebook"].wave):
            try:
                codebook = load_codebook(project / "data/codebook" / f"{wave}.yaml")
                claims = _claims(project, wave, codebook) if waves.kind(wave) == "reconstruction" else []
                if not (missing and measure in _measures(codebook)):
                    also(find(codebook, claims), wave)
                others.append(f"--wave {wave}")
            except InputProblem:
                continue
        raise advised(problem, f"another wave has it: {', '.join(others)}" if others else "") from None


def _measures(codebook):
    return {measure.id for measure in codebook.measures}


def advised(problem, do):
    """An InputProblem that says what to do beside what it said before; the same for no advice."""
    return InputProblem(str(problem).removesuffix("."), do=do) if do else problem


def _explained_change(words, *, wave, project, settings):
    """The changes of a number up to a wave, from the one before and from the first one, with both values of each."""
    lock = read_lock(project)
    given, records = _given(project, wave, settings, lock)
    file, key, explain = _found(
        lambda codebook, claims: _changing(words, codebook, settings.figures.basis, project),
        given=given,
        project=project,
        waves=settings.waves,
        also=lambda found, wave: changes_of(project, found[1], wave, found[0]),
    )
    after, changes, status = explain(given), [], {wave: status_of(given["codebook"])}
    for row in changes_of(project, key, wave, file):
        earlier, _ = _given(project, int(row["since"]), settings, lock)
        status[int(row["since"])] = status_of(earlier["codebook"])
        changes.append(explain_change(row, explain(earlier), after))
    found = {"asked": " ".join(words), "kind": CHANGE, "wave": wave, "status": status[wave], "changes": changes}
    origin = explain_origin(project, lock, file, Path(file).name)
    return found | {"statuses": {str(w): said for w, said in status.items()}, "origin": origin, "data": records}


def _changing(words, codebook, basis, project):
    """(the table of changes, the Key in it, what explains it in a wave) of a share, a mark or a net score."""
    parts = split_words(words[1:])
    if parts and (kind := parts[0].lower()) in SCORE_CHANGES:
        key = score_key([kind, *parts[1:]], codebook, basis)
        return SCORE_CHANGES[kind], key, lambda given: explain_score(key, project, **given)
    target = find_target(parts, codebook=codebook, claims=[], basis=basis)
    if target.kind != "estimate":
        allowed = [f"{CHANGE} {number}" for number in ("MEASURE/CATEGORY/...", "mark STEP/...", "net SCORE/...")]
        raise InputProblem("a change is of one share, mark or net score", found=" ".join(words), allowed=allowed)
    [key] = target.keys
    return CHANGES, key, lambda given: explain_estimate(key, **given)


def _explained_score(words, *, wave, project, settings):
    """A mark or net score of a wave, with the published shares that it is made of."""
    lock, kind = read_lock(project), words[0].lower()
    given, records = _given(project, wave, settings, lock)
    key = _found(
        lambda codebook, claims: score_key([kind, *words[1:]], codebook, settings.figures.basis),
        given=given,
        project=project,
        waves=settings.waves,
    )
    found = {"asked": " ".join(words), "kind": kind, "wave": wave, "status": status_of(given["codebook"])}
    origin = explain_origin(project, lock, FILES[kind], Path(FILES[kind]).name)
    return found | {"score": explain_score(key, project, **given), "origin": origin, "data": records}


def _wave_meant(words, waves, project):
    """The last wave whose printed report has a number of this id; else the last one that is no rehearsal."""
    collected = [w for w in waves.all if waves.kind(w) != "rehearsal"] or waves.all
    for wave in reversed(collected):
        if waves.kind(wave) != "reconstruction":
            continue
        path = project / _claims_file(wave)
        claims = read_table(path)
        if "id" not in claims:
            raise InputProblem("the column is missing", file=path, column="id")
        if words[0] in set(claims["id"]):
            return wave
    return collected[-1]


def _claims_file(wave):
    return f"data/report/{wave}/claims.csv"


def _claims(project, wave, codebook):
    """The claims with their sentence, and their verdict where the audit has run."""
    claims = load_claims(project / _claims_file(wave), codebook).to_dict("records")
    audit = project / f"reports/{wave}/audit.csv"
    verdicts = read_table(audit).set_index("id")["verdict"].to_dict() if audit.exists() else {}
    for claim in claims:
        number = "" if claim["number"] is None else printed(claim)
        claim |= {"says": say(claim, codebook), "printed": number, "verdict": verdicts.get(claim["id"], "not audited")}
    return [
        {k: v for k, v in claim.items() if k not in ("number", "line")} | {"value": str(claim["value"])}
        for claim in claims
    ]


def _drawn(project, report, figure, key):
    """The text that stands beside a figure's mark, from the table that was drawn."""
    table = read_table(project / report / "figures" / f"{figure.id}.csv")
    mark = table[table["category"].eq(key.category) & table["group"].eq(key.group)]
    if len(mark) != 1:
        raise InputProblem(
            "the figure's table has no such mark", file=f"{report}/figures/{figure.id}.csv", found=str(key)
        )
    return str(mark["text"].iloc[0])


# ---- on the terminal


def as_text(found):
    """What `explained` gives, as a screen of text: a heading in the margin, a fact beside it."""
    lines = [f"{found['wave']} wave. {found['status']}"]
    if "changes" in found:
        for change in found["changes"]:
            lines += ["", *change_lines(change, said)]
            for year, facts in zip((change["since"], change["wave"]), change["estimates"], strict=True):
                lines += [said(f"IN {year}", found["statuses"][str(year)])]
                lines += score_lines(facts, None, said) if "parts" in facts else _brief(facts)
    elif "score" in found:
        lines += ["", *score_lines(found["score"], found["data"], said)]
    elif "finding" in found:
        finding = found["finding"]
        lines.append(said("FINDING", f"{finding['number']}. {finding['heading']}"))
        short = len(finding["clauses"]) > 1
        for clause in finding["clauses"]:
            lines += ["", said(f"CLAUSE {clause['clause']}", clause["sentence"])]
            for place, facts in enumerate(clause["estimates"]):
                lines += _brief(facts) if short or place else _full(facts, found["data"])
            lines += _compared(clause)
        if short:
            lines += ["", said("RECORDS", f"`tracker explain finding {finding['number']}.1` shows those of a clause.")]
    else:
        if "figure" in found:
            figure = found["figure"]
            lines.append(said("FIGURE", f"{figure['number']}. {figure['title']}: drawn as {figure['drawn']}"))
            lines += [said("NOTE", figure["note"])] if figure["note"] else []
        for facts in found["estimates"]:
            lines += ["", *_full(facts, found["data"])]
    return "\n".join([*lines, "", *_origin(found["origin"], found["data"])])


def said(heading, text):
    """A fact on the terminal: a heading in the margin and a text beside it, in as many lines as it takes."""
    return fill(
        text, WIDTH, initial_indent=f"{heading:<{MARGIN}}", subsequent_indent=" " * MARGIN, break_on_hyphens=False
    )


def _full(facts, data):
    """All of one estimate."""
    yield said("NUMBER", _number_text(facts))
    net = f" (a NET of {', '.join(facts['net_of'])})" if facts["net_of"] else ""
    yield said("QUESTION", f"{facts['question']} Answer: {facts['answer']}{net}.")
    yield from _claim_lines(facts)
    yield said("BASE", _base_text(facts))
    yield said("WEIGHTS", _weights_text(facts))
    yield said("FORMULA", facts["formula"] + _worked_out(facts))
    if facts["interval"][0] is not None and facts["state"] == "settled":
        yield said("ERROR", facts["errors"])
    yield said("SUPPORT", _support_text(facts))
    if facts["ask"] and facts["address"].endswith("/unweighted") and facts["support"] in ("implied", "bounded"):
        yield said("", f"`{facts['ask']}` says which claims force that")
    yield from _record_lines(facts, data)


def _brief(facts):
    """One estimate among several: what it is, its claims, and how it is worked out."""
    yield said("", f"{_number_text(facts)}; {facts['support']}")
    yield said("", f"base: {_base_text(facts)}")
    yield said("", f"worked out{_worked_out(facts) or ': needs the records'}")
    if facts["claims"]:
        yield said("", "claims: " + ", ".join(f"{c['id']} ({c['place']}, {c['verdict']})" for c in facts["claims"]))


def _number_text(facts):
    """The number as it is printed, with its digits and interval where it is settled, and its address."""
    text, (low, high) = facts["printed"], facts["interval"]
    if facts["state"] == "settled":
        exact = f" = {facts['estimate']:.12g}" if facts["count_known"] == "settled" else ", as printed"
        text += exact + ("" if low is None else f", interval {low:.4g} to {high:.4g}")
    return f"{text}, quality {facts['quality']} ({facts['address']})"


def _claim_lines(facts):
    if facts["support"] not in OF_A_RECONSTRUCTION:
        return
    claims = facts["claims"]
    if not claims:
        yield said("CLAIMS", "none prints this share itself")
    for claim in claims[:MOST_LINES]:
        yield said("CLAIM", f"{claim['id']}, {claim['place']}: {claim['says']}. Audit: {claim['verdict']}.")
    if len(claims) > MOST_LINES:
        yield said("", f"and {len(claims) - MOST_LINES} more: --json has all")


def _base_text(facts):
    text = f"{facts['base']} ({facts['base_condition']})"
    if facts["group"]:
        text += f", of these {facts['group']} ({facts['group_condition']})"
    return f"{text}; n = {facts['n_printed']}"


def _weights_text(facts):
    if "weights" not in facts or not facts["weights"]:
        return "of the weighted records" if facts["address"].endswith("/weighted") else "none: each counts 1"
    if facts["address"].endswith("/unweighted"):
        return "none: each counts 1"
    low, high = facts["weights"]
    effective = "" if facts["n_eff"] is None else f"; effective base {facts['n_eff']:.4g}"
    return f"column weight of the weighted records, from {low:.6g} to {high:.6g} in the base{effective}"


def _worked_out(facts):
    """The division, and what it bears out: the published share, or the filler that stands for one not settled."""
    if facts.get("share") is None:
        return ""
    is_ = "as published"
    if facts["state"] != "settled":
        is_ = "in the modelled records, which is no evidence"
    elif facts["count_known"] != "settled":
        is_ = f"in the modelled records; of this {facts['printed']} is published"
    return f" = {facts['weight_of_answer']:.12g} / {facts['weight_of_base']:.12g} = {facts['share']:.12g}, {is_}"


def _support_text(facts):
    text = f"{facts['support']}: {facts['support_means']}"
    if facts["bounds"][0] is not None:
        low, high = facts["bounds"]
        text += f". The claims kept allow {low:.6g}" + (f" to {high:.6g}" if high != low else "")
        counts = facts["count_bounds"]
        if counts[0] is not None:
            text += (
                f", that is {counts[0]:g}" + (f" to {counts[1]:g}" if counts[1] != counts[0] else "") + " organisations"
            )
    return text


def _record_lines(facts, data):
    if "withheld" in facts:
        yield said("RECORDS", facts["withheld"])
    elif "records" in facts:
        modelled = " in the modelled records" if facts["support"] in OF_A_RECONSTRUCTION else ""
        yield from _listed("RECORDS", f"{len(facts['records'])} gave it{modelled}", facts["records"])
        yield from _listed("", f"{len(facts['other_records'])} in the base did not", facts["other_records"])
    else:
        yield said("RECORDS", f"{data['path']} is not here: {data['brings']}")


def _listed(heading, start, records):
    """Records by the beginning that their identifiers share: `LA-001 002 005; HA-001`."""
    parts, before = [], None
    for record in records:
        prefix, dash, number = record.rpartition("-")
        parts.append(number if dash and prefix == before else record)
        before = prefix
    lines = wrap(" ".join(parts), WIDTH - MARGIN, break_on_hyphens=False)
    yield said(heading, f"{start}{':' if records else '.'}")
    yield from (" " * MARGIN + line for line in lines[:MOST_LINES])
    if len(lines) > MOST_LINES:
        yield said("", f"and {len(' '.join(lines[MOST_LINES:]).split())} more: --json has all")


def _compared(clause):
    if "comparison" not in clause:
        return
    compared = clause["comparison"]
    text = compared["words"]
    if "difference" in compared:
        low, high = compared["interval"]
        text += f": difference {compared['difference']:.4g}, interval {low:.4g} to {high:.4g}"
    yield said("COMPARED", text)


def _origin(origin, data):
    cell = origin["cell"]
    if origin["notebook"]:
        where = f", code cell {cell['number']} of {cell['of']} ({cell['id']}): {cell['code']}" if cell else ""
        yield said("MADE BY", f"{origin['notebook']}{where}; as it ran: {origin['executed']}")
    stale = "" if origin["as_recorded"] else " BUT THE FILE IS NOT THE ONE RECORDED: run dvc repro"
    yield said("STAGE", f"{origin['stage']}, sha256 {origin['stage_hash'][:SHORT]} of its entry in dvc.lock{stale}")
    if origin["before"]:
        yield said("", "after " + ", ".join(f"{stage} {hash_[:SHORT]}" for stage, hash_ in origin["before"].items()))
    if data["there"] and not data["as_recorded"]:
        yield said("", f"{data['path']} IS NOT THE ONE RECORDED: {data['brings']}")
    commit = origin["commit"]
    changed = "; the file has changed since, and is not committed" if commit and commit["changed"] else ""
    cut = ", or one before it: this clone has no earlier ones" if commit and commit["cut"] else ""
    none = "none: the file is in no commit" if which("git") else "not known: git is not installed"
    text = f"{commit['commit'][:SHORT]} of {commit['date']}{cut}{changed}" if commit else none
    yield said("COMMIT", f"{text} ({origin['file']})")
