"""Contact details are found where they do not belong, and nothing else is taken for them."""

import pytest

from pipeline.privacy import NameList, hide_details, holds_details

NAMES = NameList(["Ann Lee", "Jo O'Brien", "Lee, Sam", "Cher", ""])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("write to ann.lee@example.org.", "write to [contact detail]"),
        ("ring 020 7946 0123 after ten", "ring [contact detail] after ten"),
        ("+44 (0)113 496 0123", "[contact detail]"),
        ("01632960123", "[contact detail]"),
        ("ring 113 496 012", "ring [contact detail]"),
        ("ANN LEE said so", "[contact detail] said so"),
        ("ask Jo O\u2019Brien or jo obrien", "ask [contact detail] or [contact detail]"),
        ("Lee,  Sam", "[contact detail]"),
    ],
)
def test_contact_details_are_hidden(text, shown):
    assert hide_details(text, NAMES) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12,000 homes in 2014",
        "ring 1134 9601",
        "2014-03-04",
        "between 1,000 and 10,000",
        "Lee alone",
        "Annie Leeds",
        "Cher",
        "a @ b",
    ],
)
def test_other_texts_stay(text):
    assert hide_details(text, NAMES) == text


def test_names_are_only_looked_for_where_a_list_is_given():
    assert hide_details("Ann Lee") == "Ann Lee"


def test_of_names_that_overlap_the_longest_is_hidden():
    names = NameList(["Ann Lee", "Lee Anders Brown"])
    assert names.hide("Ann Lee Anders Brown; Ann Lee") == "Ann [contact detail]; [contact detail]"
    assert names.first("by Ann Lee Anders Brown") == "Lee Anders Brown"


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("Anna Weiß", "Ask Anna Weiß, or Anna WEISS's office", "Ask [contact detail], or [contact detail]'s office"),
        ("Zoë Carter", "as Zoe\u0308 Carter says", "as [contact detail] says"),
        (
            "Pat O'Brien",
            "Pat O`Brien, Pat O\u02bcBrien, Pat O\u2018Brien",
            "[contact detail], [contact detail], [contact detail]",
        ),
        ("Anna Weiß", "d'Anna Weiß and Anna Weiss'll ring", "d'[contact detail] and [contact detail]'ll ring"),
        ("Pat Brien", "by Pat Br\u00adien", "by [contact detail]"),
        ("Hall, I.", "I. Hall; Hall, I. asked", "I. Hall; [contact detail]. asked"),
        ("Hall, I.", "We use the village hall. I think so", "We use the village hall. I think so"),
        ("Hall, I.", "We use the Hall. I think so", "We use the Hall. I think so"),
        ("I. Hall", "I. Hall asked in the hall", "[contact detail] asked in the hall"),
    ],
)
def test_a_name_is_found_however_it_is_written_and_not_in_ordinary_words(name, text, shown):
    assert hide_details(text, NameList([name])) == shown


@pytest.mark.parametrize(
    "text",
    [
        *("ask ann.lee@example.org", "020 7946-0123", "0113 496 0123", "Ann Lee", "7946-0123456"),
        *(
            "49 999-10 000 1",
            "7946 012-345 678",
            "020 794-601 234",
            "113 496-723 456 12",
            "+44 113-496 012",
            "212.555-1234567",
        ),
        *("113.496-723 456", "113 496- 012 345"),
    ],
)
def test_what_is_published_holds_details(text):
    assert holds_details(text, NAMES)


@pytest.mark.parametrize(
    "text",
    [
        *("10000-49999", "Homes: 100000 - 249999", "10,000 to 49,999", "Annie Leeds", ""),
        *("10 000-49 999 homes", "10.000-49.999", "100 000-300 000 residents", "10 000 - 49 999", "9 000-10 000"),
        *("10\u00a0000-49\u00a0999", "10\u202f000-49\u202f999", "5000-10 000, 9000-10.000", "1 000 000-9 999 999"),
        *("10 000 000-99 999 999 homes", "from 100.000-300.000."),
    ],
)
def test_two_numbers_and_a_dash_are_a_size_band(text):
    assert not holds_details(text, NAMES)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("10000-49999 homes", False),
        ("from 2014-01-12 2015-01-12", False),
        ("7700900-123456", True),
        ("call 0151 496 0815", True),
        ("ask a.b@example.org", True),
    ],
)
def test_dates_and_size_bands_are_no_contact_details(text, holds):
    assert holds_details(text) is holds


BODIES = NameList(
    ["Peabody", "Borough Council of Testshire 2", "Cymdeithas Tai y Gogledd", "Origin", "St Mary's Homes"], people=False
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Peabody had been entered as yes.", "Peabody"),
        ("PEABODY's answer", "PEABODY"),
        ("of the Borough council of Testshire 2.", "Borough council of Testshire 2"),
        ("cymdeithas tai y gogledd moved", "cymdeithas tai y gogledd"),
        ("The origin of the error", "origin"),
        ("At St. Mary\u2019s Homes, Peabody", "St. Mary\u2019s Homes"),
        ("Borough Council of Testshire 21", ""),
        ("Original answers of Peabodys", ""),
        ("", ""),
    ],
)
def test_the_name_of_an_organisation_is_found_whole_whatever_words_it_has(text, found):
    assert BODIES.first(text) == found
    assert (BODIES.hide(text) == text) == (not found)
