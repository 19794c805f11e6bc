"""The site: what readers, reviewers and browsers rely on, on a made-up survey and on the pages that are committed."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from made_reports import made_report

from pipeline.codebook import load_codebook
from pipeline.files import whole_files
from pipeline.names import PAGE_ANCHORS
from pipeline.params import load_params
from pipeline.points import as_markdown, printed_points, with_points
from pipeline.printing import STATUS
from pipeline.problems import InputProblem
from pipeline.publish import READERS, edition, read_waves, revisions_of
from pipeline.site import SUPPORTS, cell_text, clean_html, markdown, row_anchor, slug
from pipeline.tracker_pages import tracker_parts
from pipeline.typeset import about, wave_pages, write_pages

ROOT = Path(__file__).parent.parent
REPORTS = ROOT / "reports"
SETTINGS = load_params(ROOT / "params.yaml")
BROWSER = ROOT / "tests/browser"
PAGES = [p.relative_to(REPORTS).as_posix() for p in whole_files(REPORTS, "*.html")]
# What a spiteful label would like to be.
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)> {{ 7*7 }} [a](javascript:alert(1)) &amp;"


@pytest.fixture(scope="module")
def report(small_codebook, tmp_path_factory):
    return made_report(tmp_path_factory.mktemp("reports") / "2020", small_codebook, SETTINGS)


@pytest.fixture(scope="module")
def pages(small_codebook, report):
    return wave_pages(small_codebook, report, SETTINGS)


def soup(text):
    return BeautifulSoup(text, "html.parser")


def contents_of(pages):
    return json.loads(pages["contents.json"])


# ---- a wave's pages


def test_a_wave_has_a_page_for_the_report_for_every_measure_and_every_notebook(pages, small_codebook):
    measures = {f"numbers/{m.id}.html" for m in small_codebook.measures}
    others = {"index.html", "numbers.html", "notebooks.html", "downloads.html", "notebooks/analyse.html"}
    assert set(pages) == measures | others | {"contents.json"}


def test_sentences_are_the_published_ones_and_every_number_in_them_is_a_link(pages, report):
    published = pd.read_csv(report / "key_findings_clauses.csv")
    clauses = [c for f in contents_of(pages)["findings"] for c in f["clauses"]]
    assert ["".join(text for text, _ in c["parts"]) for c in clauses] == list(published["sentence"])
    for clause in clauses:
        assert not [text for text, link in clause["parts"] if link is None and re.search(r"\d", text)]
        assert any(link for _, link in clause["parts"])


def test_a_number_in_a_sentence_leads_to_the_row_that_says_it(pages):
    for finding in contents_of(pages)["findings"]:
        for clause in finding["clauses"]:
            for text, link in clause["parts"]:
                if link:
                    page, _, anchor = link.partition("#")
                    row = soup(pages[page]).find(id=anchor)
                    first = re.search(r"\d+%?", text)[0]
                    assert first in row.get_text(" "), (text, row.get_text(" "))


def test_every_estimate_has_its_row_with_what_is_published_of_it(pages, report):
    estimates = pd.read_csv(report / "estimates.csv", keep_default_na=False)
    read = {name: soup(text) for name, text in pages.items() if name.startswith("numbers/")}
    for row in estimates[estimates["basis"].eq("unweighted")].to_dict("records"):
        anchor = row_anchor(row["category"], row["break"], row["group"])
        shown = read[f"numbers/{row['measure']}.html"].find(id=anchor)
        assert shown is not None, row
        assert f"{float(row['estimate']):.0%}" in shown.get_text()


def test_every_place_of_a_wave_s_page_has_a_name_of_its_own_that_no_figure_can_take(pages, small_codebook):
    places = [tag["id"] for tag in soup(pages["index.html"]).find_all(id=True)]
    assert len(places) == len(set(places))
    figures = {slug(figure.id) for figure in small_codebook.figures}
    rest = {p for p in places if not p.startswith(("chapter-", "finding-"))} - figures
    assert figures < set(places) and rest == set(PAGE_ANCHORS)


def test_figures_stand_in_their_chapter_with_words_and_data_and_what_no_chapter_names_is_not_lost(
    pages, report, small_codebook
):
    page = soup(pages["index.html"])
    for chapter in small_codebook.chapters:
        section = page.find(id=f"chapter-{chapter.id}")
        assert [f["id"] for f in section.find_all("figure")] == list(chapter.figures)
    other = page.find(id="other-questions")
    assert [f["id"] for f in other.find_all("figure")] == ["figure_4", "figure_5"]
    for figure in page.find_all("figure"):
        words = (report / f"figures/{figure['id']}.txt").read_text(encoding="utf-8").strip()
        assert figure.img["alt"].endswith("Described below.") and len(figure.img["alt"]) < len(words)
        assert words in [p.get_text() for p in figure.select("figcaption details p")]
        drawn = pd.read_csv(report / f"figures/{figure['id']}.csv")
        assert len(figure.table.tbody.find_all("tr")) == len(drawn)


def test_every_page_of_a_wave_leads_to_the_list_of_all_waves(pages):
    listed = soup(edition([contents_of(pages)], {}, None, "Made up")["index.html"]).find(id="waves")
    assert listed.find("a", href="waves/2020/index.html")
    for name, text in pages.items():
        if name.endswith(".html"):
            up = "../" * (2 + name.count("/"))
            assert soup(text).select_one("nav.parts .other a")["href"] == f"{up}index.html#waves", name


def test_a_finding_is_not_taken_for_a_chapter(pages):
    page = soup(pages["index.html"])
    seen = [numeral.get_text(" ") for numeral in page.select(".finding > .numeral")]
    assert sorted(seen) == [f"Finding {f['number']}" for f in contents_of(pages)["findings"]]


def test_support_is_on_every_row_and_what_is_assumed_has_no_number(small_codebook, tmp_path):
    book = small_codebook.model_copy(update={"kind": "reconstruction"})
    report = made_report(tmp_path / "2020", book, SETTINGS, support="assumed")
    pages = wave_pages(book, report, SETTINGS)
    page = soup(pages["numbers/shop.html"])
    groups, rows = page.select("table.numbers tbody"), page.select("table.numbers tbody tr:not(.group)")
    assert len(rows) == len(groups) > 10
    for row in rows:
        assert "not known" in row.get_text() and "assumed" in row.get_text()
        assert not re.search(r"\d+%", row.get_text())
    for finding in contents_of(pages)["findings"]:
        for clause in finding["clauses"]:
            assert not re.search(r"\d", "".join(text for text, _ in clause["parts"]))


def test_share_interval_count_and_how_it_is_known_stand_in_columns_of_their_own(read_pages):
    pages = {name: page for name, page in read_pages.items() if "/numbers/" in name}
    ranges = 0
    for name, page in pages.items():
        for table in page.select("table.numbers"):
            heads = [head.get_text() for head in table.select("thead tr")[-1].select("th")]
            assert heads[1:5] == ["Share", heads[2], "Count", "How known"] and heads[5:] == [heads[1], *heads[2:5:2]]
            for row in table.select("tbody tr:not(.group)"):
                cells = [row.th, *row.select("td")]
                assert len(cells) == len(heads), (name, row.get("id"))
                for at in (1, 5):
                    share, interval = cells[at].get_text(), cells[at + 1].get_text()
                    one = re.fullmatch(r"[<>]?\d+%", share) is not None
                    # A range is no result: it is not set in bold, and has no interval.
                    assert one or not interval
                    assert ("settled" in cells[at].get("class", [])) >= bool(interval)
                    ranges += "\N{EN DASH}" in share
                    assert not ("\N{EN DASH}" in share and "settled" in cells[at].get("class", []))
                    assert cells[at + 3 if at == 1 else at + 2].select_one(".badge"), (name, row.get("id"))
    assert pages and ranges


def test_the_style_has_the_sign_of_every_badge_of_the_tables_of_numbers():
    style = (ROOT / "pipeline/templates/site/site.css").read_text(encoding="utf-8")
    signs = re.findall(r"\.numbers \.(\w+)::before \{ content: \"\\(\w+)\\a0\"; \}", style)
    assert {name: chr(int(code, 16)) for name, code in signs} == {name: said[0] for name, said in SUPPORTS.items()}


def test_a_rehearsal_says_so_on_the_face_of_every_page_and_no_other_wave_does(pages, small_codebook, tmp_path):
    book = small_codebook.model_copy(update={"kind": "rehearsal"})
    report = made_report(tmp_path / "2020", book, SETTINGS, support="simulated")
    assert not [name for name, text in pages.items() if "REHEARSAL" in text]
    simulated = wave_pages(book, report, SETTINGS)
    waves = [contents_of(simulated)]
    every = {n: t for n, t in simulated.items() if n.endswith(".html")}
    every["first page"] = edition(waves, {}, None, "Made up")["index.html"]
    for name, text in every.items():
        page = soup(text)
        assert page.title.get_text().startswith("REHEARSAL"), name
        assert "REHEARSAL" in page.select_one(".banner").get_text(), name
        assert STATUS["rehearsal"] in page.get_text(), name
        assert all("REHEARSAL" in c.get_text() for c in page.find_all("caption")), name


def test_labels_questions_and_titles_are_never_markup(tmp_path):
    path = tmp_path / "hostile.yaml"
    text = (ROOT / "tests/small_codebook.yaml").read_text(encoding="utf-8")
    spiteful = json.dumps(HOSTILE)
    for old in (
        "title: Events and shops in libraries and museums, 2020 (made up)",
        "source: Made up for tests",
        "label: Shop\n",
        "text: Is there a shop?",
        "heading: Shops",
        "title: What is on",
        "title: A shop,",
        "label: Libraries and",
    ):
        key = old.partition(":")[0]
        end = "," if old.endswith(",") else "\n" if old.endswith("\n") else ""
        text = text.replace(old, f"{key}: {spiteful}{end}")
    text = text.replace("label: Planned", f"label: {spiteful}").replace(
        'label: "No, but planned"', f"label: {spiteful}"
    )
    path.write_text(text, encoding="utf-8")
    book = load_codebook(path)
    assert book.title == book.question("shop").label == book.findings[0].heading == HOSTILE
    pages = wave_pages(book, made_report(tmp_path / "2020", book, SETTINGS), SETTINGS)
    waves = [contents_of(pages)]
    documents = {"spite.md": f"# {HOSTILE}\n\n{HOSTILE}\n\n[go](javascript:alert(1))"}
    pages |= edition(waves, documents, None, HOSTILE)
    for name, page in pages.items():
        if name.endswith(".html"):
            read = soup(page)
            assert not read.find_all(["script", "iframe", "object", "embed", "form", "base"]), name
            assert not [t for t in read.find_all(True) for a in t.attrs if a.startswith("on")], name
            assert not [t for t in read.find_all(href=True) if t["href"].startswith("javascript")], name
            assert all("figure" in image.get("class", []) for image in read.find_all("img")), name
            assert "49" not in read.get_text() or "{{ 7*7 }}" in read.get_text(), name
    assert HOSTILE in soup(pages["numbers/shop.html"]).get_text()


def test_what_a_notebook_shows_is_cleaned(tmp_path):
    shown = clean_html(
        '<style>p{}</style><script src="https://a"></script><table onclick="x"><td><a href="https://b">b</a></td></table>'
        '<img src="https://c/d.png"><img src="data:image/png;base64,AA==" alt="a" onload="x">'
    )
    assert not re.search(r"https?:|<script|<style|<a\b|on(click|load)", shown)
    assert 'src="data:image/png;base64,AA=="' in shown
    assert "&lt;b&gt;" in markdown("a <b>bold</b> word")[0]


def test_the_headings_of_a_table_in_a_notebook_say_what_they_stand_for():
    table = "<table><thead><tr><th></th><th>n</th></tr></thead><tbody><tr><th>a</th><td>1</td></tr></tbody></table>"
    shown = soup(clean_html(table))
    assert [(th.get_text(), th["scope"]) for th in shown.find_all("th")] == [("n", "col"), ("a", "row")]


def test_names_make_different_links_whatever_they_hold():
    names = ["a b", "a-b", "a/b", "a.b", "A b", "\u00e4", 'a"b', "a.20.b"]
    assert len({slug(name) for name in names}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", slug(name)) for name in names)


def test_the_same_results_give_the_same_bytes(small_codebook, report, pages, tmp_path):
    assert wave_pages(small_codebook, report, SETTINGS) == pages
    write_pages(pages, tmp_path)
    (tmp_path / "old").mkdir()
    (tmp_path / "old/page.html").write_text("old", encoding="utf-8")
    write_pages(pages, tmp_path)
    found = {p.relative_to(tmp_path).as_posix(): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert found == {name: text.encode("utf-8") for name, text in pages.items()}
    assert not (tmp_path / "old").exists()


def test_what_a_failed_stage_left_is_not_published(small_codebook, report, pages):
    """It stays where the stage has nothing to do again: the fault was undone, not mended."""
    left = [
        report / "notebooks/analyse.failed.ipynb",
        report / "data_docs.failed/page.txt",
        report / "estimates.csv.part",
    ]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_text("half", encoding="utf-8")
    try:
        assert wave_pages(small_codebook, report, SETTINGS) == pages
    finally:
        for path in left:
            path.unlink()
        (report / "data_docs.failed").rmdir()


def test_years_are_no_quantities():
    assert [cell_text(y, year=True) for y in (2014, 2015.0, "2014", None)] == ["2014", "2015", "2014", ""]
    assert cell_text(2014) == "2,014"
    pages = [p.read_text(encoding="utf-8") for p in whole_files(ROOT / "reports", "*.html")]
    assert not [page for page in pages if re.search(r">2,01\d<", page)]


def test_every_table_that_can_be_downloaded_has_its_line():
    for wave in SETTINGS.waves.all:
        paths = [p for p in (ROOT / f"reports/{wave}").iterdir() if p.suffix in (".csv", ".json", ".xml", ".xlsx")]
        assert paths and not [p.name for p in paths if not about(p, f"{wave}/{p.name}")]


def test_the_printed_report_point_by_point_is_as_its_document_says():
    [wave] = SETTINGS.waves.reconstruction
    book = load_codebook(ROOT / f"data/codebook/{wave}.yaml")
    groups = printed_points(book, REPORTS / str(wave))
    points = {p["name"] for group in groups for p in group["points"]}
    assert len(points) == sum(len(group["points"]) for group in groups) > len(book.figures) + len(book.findings)
    document = (ROOT / "docs/edition.md").read_text(encoding="utf-8")
    assert with_points(document, as_markdown(groups, f"../reports/waves/{wave}/")) == document
    printed = pd.read_csv(REPORTS / str(wave) / "audit.csv")
    counted = sum(int(n) for g in groups for p in g["points"] for n in re.findall(r"^\d+", p["printed"]))
    assert counted == len(printed)


def test_a_survey_of_which_no_report_was_printed_has_no_points(small_codebook, report):
    assert printed_points(small_codebook, report) == []


# ---- the edition around them


def test_the_first_page_tells_of_the_last_wave_that_is_no_rehearsal(pages):
    real = contents_of(pages)
    later = real | {"wave": 2021, "rehearsal": True, "kind": "rehearsal", "status": STATUS["rehearsal"]}
    log = pd.DataFrame({"wave": ["2020"] * 3, "number": ["a", "a", "b"], "revision": ["r1", "r2", "r2"]})
    first = soup(edition([real, later], {}, None, "Made up", revisions_of(log))["index.html"])
    assert "2 revisions of 2020 since it was published." in " ".join(first.get_text().split())
    assert "wave 2020" in first.select_one(".kicker").get_text()
    assert "REHEARSAL" in first.find(id="waves").get_text()
    assert not first.title.get_text().startswith("REHEARSAL")


def test_the_tracker_has_a_page_where_there_is_one_and_none_where_there_is_not(pages, report, tmp_path):
    waves = [contents_of(pages)]
    assert tracker_parts(tmp_path, {}, "unweighted") is None
    without = edition(waves, {}, None, "Made up")
    assert "pages/tracker.html" not in without and "tracker.html" not in without["index.html"]
    assert "Nothing has been compared yet." in without["index.html"]
    for suffix in ("svg", "txt", "csv"):
        shutil.copy(report / f"figures/figure_1.{suffix}", tmp_path / f"trend_1.{suffix}")
    made = edition(waves, {}, tracker_parts(tmp_path, {}, "unweighted"), "Made up")
    page = soup(made["pages/tracker.html"])
    assert page.img["src"] == "../tracker/trend_1.svg" and page.img["alt"]
    assert page.find("a", href="../tracker/trend_1.csv")
    assert soup(made["index.html"]).find("a", href="pages/tracker.html#pictures")


def test_documents_for_readers_stand_before_those_for_whoever_runs_it(pages):
    documents = {"a.md": "# A", "revisions.md": "# Revised", "methodology.md": "# Z, how it is done"}
    made = edition([contents_of(pages)], documents, None, "Made up")
    for name in ("index.html", "pages/documents.html"):
        heads = soup(made[name]).find_all(string=re.compile("Documents for readers|For those who run it"))
        listed = [[a.get_text() for a in head.find_next("ul").find_all("a")] for head in heads]
        assert listed == [["Z, how it is done", "Revised"], ["A"]], name
    assert set(READERS) <= {p.name for p in (ROOT / "docs").iterdir()}


def test_the_first_page_leads_to_the_tracker_and_marks_its_pictures_once(read_pages):
    section = read_pages["index.html"].find(id="tracker")
    links = [a["href"] for a in section.find_all("a")]
    assert links[0] == "pages/tracker.html#changes" and "pages/tracker.html#pictures" in links
    pictures = section.select("ul a")
    assert len(pictures) == len(read_pages["pages/tracker.html"].select("figure"))
    assert section.ul.find_previous("h3").select_one(".mark").get_text() == "REHEARSAL"
    assert not [a for a in pictures if "REHEARSAL" in a.get_text() or a.get_text().startswith("Trend")]


def test_documents_lead_to_each_other_and_to_nothing_outside_of_the_site(pages):
    documents = {
        "a.md": "# A\n\n[b](b.md#part-two) [code](../pipeline/site.py) [table](../reports/2020/estimates.csv)\n",
        "b.md": "# B\n\n## Part two\n\n<!-- unseen -->\n| x |\n|---|\n| 1 |\n",
        "c/README.md": "# C\n\n[a](../a.md)",
    }
    made = edition([contents_of(pages)], documents, None, "Made up")
    links = [a["href"] for a in soup(made["pages/a.html"]).select(".prose a")]
    assert links == ["b.html#part-two", "../2020/estimates.csv"]
    assert (
        soup(made["pages/b.html"]).find(id="part-two")
        and "unseen" not in soup(made["pages/b.html"]).select_one(".prose").get_text()
    )
    assert soup(made["pages/c.html"]).select_one(".prose a")["href"] == "a.html"


def test_tables_of_documents_say_what_their_head_stands_for_and_are_called_by_their_heading():
    shown = soup(markdown("# A\n\n## Prices & *costs*\n\n| x | y |\n|---|--:|\n| 1 | 2 |\n")[0])
    assert [(th.get_text(), th["scope"]) for th in shown.find_all("th")] == [("x", "col"), ("y", "col")]
    assert [td.get("style") for td in shown.find_all("td")] == [None, "text-align:right"]
    assert shown.select_one(".scroll")["aria-label"] == "Table: Prices & costs"
    assert soup(markdown("| x |\n|---|\n| 1 |\n")[0]).select_one(".scroll")["aria-label"] == "Table"


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        (
            ["a.md", "a/README.md"],
            "docs/a/README.md: its page would take .* that of a.md; found 'a.html'",
        ),
        (["m.md", "x/m.md"], "docs/x/m.md: .* that of m.md"),
        (["M.md", "m.md"], "docs/m.md: .* that of M.md"),
        (["tracker.md"], "docs/tracker.md: .* that of the edition itself"),
        (["documents/README.md"], "docs/documents/README.md: .* that of the edition itself"),
    ],
)
def test_no_document_takes_the_place_of_another_page(pages, documents, said):
    with pytest.raises(InputProblem, match=said):
        edition([contents_of(pages)], dict.fromkeys(documents, "# A\n"), None, "Made up")


def test_a_chapter_of_number_nought_is_a_chapter_like_any(small_codebook, report):
    first, *others = small_codebook.chapters
    book = small_codebook.model_copy(update={"chapters": (first.model_copy(update={"number": 0}), *others)})
    made = wave_pages(book, report, SETTINGS)
    front = soup(edition([contents_of(made)], {}, None, "Made up")["index.html"])
    link = front.find("a", class_="card", href=f"waves/2020/index.html#chapter-{first.id}")
    assert link.select_one(".numeral").get_text() == "0"
    page = soup(made["index.html"])
    numerals = page.select(f"#chapter-{first.id} h2 .numeral, .chapters a[href='#chapter-{first.id}'] .numeral")
    assert [numeral.get_text() for numeral in numerals] == ["0", "0"]
    assert soup(made["numbers.html"]).select_one("section h2 .numeral").get_text() == "0"


def test_without_pages_of_a_wave_there_is_no_edition(pages, tmp_path):
    write_pages(pages, tmp_path / "2020")
    assert [wave["wave"] for wave in read_waves(tmp_path, [2020])] == [2020]
    with pytest.raises(InputProblem, match=r"2021/contents\.json: wave 2021 has no pages; run typeset first"):
        read_waves(tmp_path, [2020, 2021])


# ---- the site as it is committed


def test_an_alternative_is_short_and_what_it_says_is_below_stands_there(read_pages):
    pictures = [(n, image) for n, page in read_pages.items() for image in page.select("figure > img.figure")]
    assert len(pictures) > 20
    for name, image in pictures:
        assert len(image["alt"]) < 350 and image["alt"].endswith("Described below."), (name, image["alt"])
        assert "econstructed" in image["alt"] or "REHEARSAL" in image["alt"], (name, image["alt"])
        words = image.parent.select("figcaption details")[-1].get_text()
        title = image["alt"].removesuffix(" Described below.").partition(". ")[0]
        assert "in words" in words and title in words, name


def test_every_wave_is_on_the_first_page():
    first = soup((REPORTS / "index.html").read_text(encoding="utf-8"))
    for wave in SETTINGS.waves.all:
        assert first.find("a", href=f"waves/{wave}/index.html"), wave
    lead = load_codebook(
        ROOT / f"data/codebook/{[w for w in SETTINGS.waves.all if w not in SETTINGS.waves.rehearsal][-1]}.yaml"
    )
    assert len(first.select("li.finding")) == len(lead.findings)


@pytest.fixture(scope="module")
def read_pages():
    """Every page of the site: {name: parsed}."""
    return {name: soup((REPORTS / name).read_text(encoding="utf-8")) for name in PAGES}


def test_no_link_is_broken_and_nothing_is_loaded_from_elsewhere(read_pages):
    anchors = {name: {t["id"] for t in page.find_all(id=True)} for name, page in read_pages.items()}
    for name, page in read_pages.items():
        ids = [t["id"] for t in page.find_all(id=True)]
        assert len(ids) == len(set(ids)), name
        assert not page.find_all("script"), name
        for tag in page.find_all(["a", "link", "img", "source"]):
            address = tag.get("href") or tag.get("src") or ""
            if re.match(r"https?:|mailto:", address):
                assert tag.name == "a", (name, address)
            elif not address.startswith("data:"):
                place, _, anchor = address.partition("#")
                target = (REPORTS / name).parent / unquote(place) if place else REPORTS / name
                assert target.is_file(), (name, address)
                below = Path(os.path.normpath(target)).relative_to(REPORTS).as_posix()
                assert not anchor or unquote(anchor) in anchors[below], (name, address)


def test_a_reviewer_walks_from_a_finding_to_the_cell_that_made_it(read_pages):
    first = read_pages["index.html"]
    for finding in first.select("li.finding"):
        page, _, cell = finding.select_one(".from a")["href"].partition("#")
        shown = read_pages[page].find(id=cell)
        assert finding.h3.get_text().partition(": ")[2] in shown.get_text()


def loaded_by(name, page):
    """The files that a browser fetches to show a page, the page itself included."""
    tags = [*page.find_all("link", href=True), *page.find_all("img", src=True)]
    addresses = [tag.get("href") or tag.get("src") for tag in tags]
    return {(REPORTS / name).resolve()} | {
        ((REPORTS / name).parent / unquote(a)).resolve() for a in addresses if not a.startswith("data:")
    }


def test_the_site_is_small(read_pages):
    loaded = {name: loaded_by(name, page) for name, page in read_pages.items()}
    assert sum(file.stat().st_size for file in loaded["index.html"]) < 1e6
    assert sum(file.stat().st_size for file in set().union(*loaded.values())) < 10e6


def in_the_browser(folder, names):
    """The faults that a browser finds on these pages; skips where there is no browser to look with."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None or shutil.which("node") is None:
        pytest.skip("needs Chromium and node (Debian: chromium, nodejs)")
    if not (BROWSER / "node_modules/axe-core").is_dir() or not (BROWSER / "node_modules/playwright-core").is_dir():
        pytest.skip("needs axe-core and playwright-core: npm ci --prefix tests/browser")
    command = ["node", str(BROWSER / "check.mjs"), chromium, str(folder), *names]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:]
    *faults, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert last == {"looked": len(names)}
    return faults


def test_the_browser_finds_what_is_wrong(tmp_path):
    page = '<html><title></title><body style="width:2000px"><img src="x.png"><p style="color:#ccc">pale</p>'
    page += '<script>console.error("x"); fetch("http://127.0.0.1:9/").catch(() => 0)</script>'
    (tmp_path / "bad.html").write_text(page, encoding="utf-8")
    found = in_the_browser(tmp_path, ["bad.html"])
    assert {f["kind"] for f in found} == {"axe", "console", "missing", "network", "scroll"}
    axe = "".join(f["what"] for f in found if f["kind"] == "axe")
    assert "light: color-contrast" in axe and "dark: color-contrast" in axe and "image-alt" in axe


@pytest.mark.slow
def test_pages_can_be_read_by_everybody_at_every_width_in_light_and_dark_without_a_network():
    faults = in_the_browser(REPORTS, PAGES)
    assert not faults, "\n".join(f"{f['page']}: {f['kind']}: {f['what']}" for f in faults[:20])
