"""The command `tracker ask`: what a printed report says of a share that it need not print, and which claims say so."""

import json
from math import ceil, floor
from pathlib import Path
from typing import Annotated

import typer

from pipeline.claims import load_claims
from pipeline.codebook import load_codebook
from pipeline.explain import status_of
from pipeline.explain_command import advised, said
from pipeline.params import load_params
from pipeline.printing import first_lower, percent_text, range_text, whole_text
from pipeline.problems import InputProblem
from pipeline.tables import read_table
from pipeline.wording import say

LOW, HIGH = "low", "high"


def main(
    share: Annotated[str, typer.Argument(help="MEASURE/CATEGORY: policy/yes")],
    among: Annotated[
        list[str] | None,
        typer.Argument(help="Whom it is of: QUESTION=ANSWER, or =ANSWER,ANSWER for any of these; all must hold."),
    ] = None,
    wave: Annotated[int | None, typer.Option(help="Year; else the last that is rebuilt from a report.")] = None,
    project: Annotated[Path, typer.Option(help="Folder of the project.")] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
):
    """Say what a printed report leaves of any share: its exact range, and the claims that force each end.

    Takes some seconds for each end: the exact solver proves that no records lie beyond.
    """
    found = asked(share, among or [], wave=wave, project=project, progress=lambda text: typer.echo(text, err=True))
    typer.echo(json.dumps(found, indent=1, ensure_ascii=False) if as_json else as_text(found))


def asked(share, among, *, wave=None, project=Path(), progress=lambda text: None):
    """What a report leaves of a share, as plain values by name. Raises InputProblem for what cannot be asked."""
    params = load_params(project / "params.yaml")
    wave, settings = _wave(wave, params.waves), params.reconstruct
    measure, category, conditions = _parsed(share, among)
    codebook = load_codebook(project / f"data/codebook/{wave}.yaml")
    claims = load_claims(project / f"data/report/{wave}/claims.csv", codebook)
    kept = _kept(project, wave, claims, codebook)
    from pipeline import ask  # loads the solvers, which few commands need

    try:
        posed = ask.pose(codebook, measure, category, conditions)
    except InputProblem as problem:
        raise advised(problem, _elsewhere(share, measure, codebook, params.waves, project)) from None
    said = ask.ask(posed, claims, kept, settings, say=lambda text: progress(f"looking for {text} ..."))
    return {
        "wave": wave,
        "status": status_of(codebook),
        "measure": posed.measure,
        "answer": posed.answer,
        "base": posed.base,
        "among": [{"question": q, "answers": list(answers)} for q, answers in posed.conditions],
        "respondents": _ends(said.base, int),
        "gave_it": _ends(said.count, int),
        "share": said.share and _ends(said.share, lambda x: round(float(x), 12)),
        "attained": said.share and _attained(said.share),
        "respondents_attained": _attained(said.base),
        "kept": len(kept),
        "why": {end: _proof(proof, claims, codebook) for end, proof in said.proofs.items()},
    }


def _wave(wave, waves):
    rebuilt = [w for w in waves.all if waves.kind(w) == "reconstruction"]
    if wave is None and rebuilt:
        return rebuilt[-1]
    if wave not in rebuilt:
        raise InputProblem(
            "no report is asked: that is for waves that are rebuilt from one",
            found="none" if wave is None else wave,
            allowed=rebuilt,
            do="of other waves have a break or measure added to the codebook, which dvc repro then estimates",
        )
    return wave


def _elsewhere(share, measure, codebook, waves, project):
    """Which other waves have a measure that this codebook lacks, and what can be asked of each; "" for none."""
    if measure in [m.id for m in codebook.measures]:
        return ""
    others = []
    for wave in (w for w in waves.all if w != codebook.wave):
        if measure in [m.id for m in load_codebook(project / f"data/codebook/{wave}.yaml").measures]:
            rebuilt = waves.kind(wave) == "reconstruction"
            how = "ask with" if rebuilt else f"not rebuilt from a report: tracker explain {share}"
            others.append(f"the {wave} wave has it, {how} --wave {wave}")
    return "; ".join(others)


def _parsed(share, among):
    """(measure, category, pairs of a question and answers) of the words of the command line."""
    measure, slash, category = share.partition("/")
    if not (measure and slash and category) or "/" in category:
        raise InputProblem("that is no share to ask for", found=share, allowed=["MEASURE/CATEGORY"])
    conditions = []
    for text in among:
        question, equals, answers = text.partition("=")
        if not (question and equals and all(answers.split(","))):
            raise InputProblem(
                "that is no condition", found=text, allowed=["QUESTION=ANSWER", "QUESTION=ANSWER,ANSWER"]
            )
        conditions.append((question, answers.split(",")))
    return measure, category, conditions


def _kept(project, wave, claims, codebook):
    """The ids of the claims that the last run kept."""
    file = f"reports/{wave}/claims_checked.csv"
    checked = read_table(project / file)
    said = {c["id"]: say(c, codebook) for c in claims.to_dict("records")}
    if dict(zip(checked["id"], checked["says"], strict=True)) != said:
        raise InputProblem("the claims have changed since they were checked", file=file, do="run dvc repro")
    return checked.loc[checked["status"].eq("kept"), "id"].tolist()


def _ends(ends, as_number):
    return {end: as_number(ends[end].value) for end in (LOW, HIGH)}


def _attained(ends):
    return {end: ends[end].attained for end in (LOW, HIGH)}


def _proof(proof, claims, codebook):
    rows = claims[claims["id"].isin(proof.claims)].to_dict("records")
    return {
        "number": int(proof.number) if proof.unit == "count" else round(float(proof.number), 12),
        "unit": proof.unit,
        "is_the_end": proof.exact,
        "in_whole_numbers_the_end": proof.whole,
        "claims": [{"id": c["id"], "says": say(c, codebook), "place": c["place"]} for c in rows],
    }


# ---- on the terminal


def as_text(found):
    """What `asked` gives as a screen of text: a heading in the margin, a fact beside it."""
    among = "".join(f"; {a['question']}: {' or '.join(a['answers'])}" for a in found["among"])
    lines = [
        f"{found['wave']} wave. {found['status']}",
        "",
        said("ASKED", f"{found['measure']}: {found['answer']}, of {first_lower(found['base'])}{among}"),
        said("BASE", _base_text(found)),
    ]
    if found["share"] is None:
        return "\n".join([*lines, said("SHARE", "none: what is printed leaves nobody there")])
    lines += [said("SHARE", _share_text(found))]
    for end, heading in ((LOW, "NO LESS"), (HIGH, "NO MORE")):
        lines += _why(found, end, heading)
    return "\n".join(lines)


def _base_text(found):
    low, high = found["respondents"].values()
    if low == high:
        return f"{whole_text(low)}, in all records that meet the {found['kept']} claims kept"
    open_ = "the report does not settle how many"
    if not all(found["respondents_attained"].values()):
        open_ = "no records are beyond; the ends may be nearer"
    return f"{range_text(low, high, whole_text, words=True)}: {open_}"


def _share_text(found):
    low, high = found["share"].values()
    counts = range_text(*found["gave_it"].values(), whole_text)
    if (low, high) == (0, 1) and all(found["attained"].values()):
        return "anything from none to all: what is printed says nothing of it"
    settled = found["respondents"][LOW] == found["respondents"][HIGH]
    of = f" ({counts} of {whole_text(found['respondents'][LOW])})" if settled else ""
    if low == high:
        return f"{percent_text(low)}{of}: what is printed leaves no other"
    ends = [end for end in (LOW, HIGH) if found["attained"][end]]
    reached = {
        2: "there are records at both ends, and none beyond",
        1: f"there are records at the {'lower' if ends == [LOW] else 'upper'} end; the other may be nearer",
        0: "no records are beyond; the ends may be nearer",
    }[len(ends)]
    return f"{range_text(low, high, percent_text)}{of}: {reached}"


def _why(found, end, heading):
    """Why a share goes no further: lines of text."""
    edge = 0 if end == LOW else 1
    if found["share"][end] == edge:
        may = found["share"][LOW if end == HIGH else HIGH] != edge
        alone = {LOW: ("there are none", "there may be none"), HIGH: ("all of them did", "all of them may")}[end][may]
        yield said(heading, alone if found["attained"][end] else "the solver has found no limit")
        return
    proof = found["why"].get(end)
    if proof is None:
        yield said(heading, "linear arithmetic shows nothing of it; the solver's proof is in whole numbers")
        return
    counted = proof["unit"] == "count"
    # A limit that is proven must not be rounded beyond what is proven.
    per_cent = floor(100 * proof["number"] + 1e-9) if end == LOW else ceil(100 * proof["number"] - 1e-9)
    number = whole_text(proof["number"]) if counted else f"{per_cent}%"
    less = ("fewer" if counted else "less") if end == LOW else "more"
    who = "These claims together leave" if proof["claims"] else "The questionnaire itself leaves"
    yield said(heading, f"{who} no {less} than {number}{_rest(proof)}" + (":" if proof["claims"] else ""))
    for claim in proof["claims"]:
        yield said("", f"{claim['id']}, {claim['place']}: {claim['says']}")


def _rest(proof):
    """How far it is from what linear arithmetic proves to the end itself."""
    if proof["is_the_end"]:
        return ""
    if proof["in_whole_numbers_the_end"]:
        return " by linear arithmetic, and force the end itself since organisations come whole"
    return " by linear arithmetic; the rest takes whole numbers, and perhaps more of the claims"
