"""Invented contacts for a sample frame: nobody in it exists, and no address or number in it can reach anyone.

Addresses are under example.org (RFC 2606 reserves it). Telephone numbers are from the ranges that Ofcom sets aside
for television and radio drama ("Telephone numbers for use in TV and radio drama programmes").
"""

import numpy as np
import pandas as pd

from pipeline.codebook import ORGANISATION
from pipeline.problems import InputProblem

# Each is the start of a thousand numbers that Ofcom gives to no one.
_DRAMA = (
    "01632 960",
    "020 7946 0",
    "0113 496 0",
    "0114 496 0",
    "0115 496 0",
    "0116 496 0",
    "0117 496 0",
    "0118 496 0",
    "0121 496 0",
    "0151 496 0",
    "0161 496 0",
    "0191 498 0",
)
_FIRST = (
    *("Aisha", "Alan", "Alice", "Amir", "Andrew", "Anita", "Barbara", "Ben", "Carol", "Ceri", "Chloe", "Colin"),
    *(
        "Daniel",
        "Deepa",
        "Diane",
        "Edward",
        "Elaine",
        "Emma",
        "Farah",
        "Fiona",
        "Gareth",
        "Grace",
        "Hannah",
        "Harpreet",
    ),
    *("Helen", "Ian", "Imran", "Jane", "Jonathan", "Joyce", "Karen", "Keith", "Laura", "Leon", "Lucy", "Marcus"),
    *("Mary", "Mei", "Michael", "Nadia", "Neil", "Olivia", "Patrick", "Paula", "Rachel", "Ravi", "Rosa", "Samuel"),
    *("Sandra", "Simon", "Stella", "Tariq", "Teresa", "Tom", "Una", "Victor", "Wendy", "Yusuf", "Yvonne", "Zoe"),
)
_LAST = (
    *("Abbott", "Ahmed", "Archer", "Bailey", "Banerjee", "Barlow", "Begum", "Bennett", "Blake", "Brook", "Carter"),
    *("Chadwick", "Chan", "Clarke", "Cole", "Cooper", "Dixon", "Doyle", "Ellis", "Fairhurst", "Fletcher", "Foster"),
    *("Gill", "Grant", "Greenwood", "Hall", "Harris", "Holt", "Hussain", "Ingham", "Jarvis", "Kaur", "Kendall"),
    *("Lambert", "Lowe", "Marsh", "Mistry", "Morris", "Naylor", "Nolan", "Okoro", "Oldfield", "Parry", "Patel"),
    *("Pearce", "Quinn", "Reid", "Rowe", "Sharma", "Shaw", "Slater", "Stone", "Tanner", "Thorpe", "Underwood"),
    *("Vaughan", "Walsh", "Webb", "Whitaker", "Yates"),
)
_JOBS = (
    "Chief executive",
    "Commissioning manager",
    "Deputy chief executive",
    "Director of communities",
    "Director of finance",
    "Director of operations",
    "Head of partnerships",
    "Head of policy",
    "Head of procurement",
    "Head of regeneration",
    "Partnerships officer",
    "Performance manager",
    "Policy officer",
    "Procurement officer",
)


def invent_contacts(rng, organisations, *, contacts, listed_twice):
    """A row per listing: contact_id, organisation, contact_name, job_title, email, telephone, first_listing.

    `organisations` is a Series of ids. Each has at least one contact, most a few, some very many. `listed_twice` of
    the `contacts` rows repeat a person of the same organisation, spelled otherwise; their `first_listing` is the id
    of the row that they repeat, and every other row's is its own. Raises InputProblem where the people of one
    organisation would be more than there are names.
    """
    people = contacts - listed_twice
    numbers = _shared_out_unevenly(rng, people, len(organisations))
    table = pd.DataFrame({ORGANISATION: np.repeat(organisations.to_numpy(), numbers)})
    _check_names(numbers, contacts)
    # Names are drawn apart for each organisation, so that no two of its contacts share one, and so an address.
    names = np.concatenate([rng.choice(len(_FIRST) * len(_LAST), size, replace=False) for size in numbers])
    first, last = np.take(_FIRST, names // len(_LAST)), np.take(_LAST, names % len(_LAST))
    table["contact_name"] = [f"{f} {s}" for f, s in zip(first, last, strict=True)]
    table["job_title"] = rng.choice(_JOBS, people)
    address = table["contact_name"].str.lower().str.replace(" ", ".") + "@"
    # No name of the internet has a line below in it, as an id made of a sector's may.
    place = table[ORGANISATION].str.lower().str.replace("[-_]*_[-_]*", "-", regex=True).str.strip("-")
    table["email"] = address + place + ".example.org"
    places = len(_DRAMA) * 1000
    numbers = rng.choice(places, people, replace=people > places)
    table["telephone"] = [f"{_DRAMA[n // 1000]}{n % 1000:03d}" for n in numbers]
    repeats = table.loc[np.sort(rng.choice(people, listed_twice, replace=False))]
    listed = pd.concat([table, _spelled_otherwise(repeats)]).sort_index(kind="stable")
    ids = [f"C{i:04d}" for i in range(1, contacts + 1)]
    first_listing = pd.Series(ids, index=listed.index).groupby(level=0).transform("first")
    listed = listed.assign(contact_id=ids, first_listing=first_listing)
    return listed[["contact_id", *table.columns, "first_listing"]].reset_index(drop=True)


def _shared_out_unevenly(rng, people, organisations):
    """How many people each organisation has: one each, and every other joins where a person drawn at random is.

    (A Polya urn. It draws whole numbers only, so no processor's last bits show.)
    """
    at = list(range(organisations))
    for _ in range(people - organisations):
        at.append(at[rng.integers(len(at))])
    return np.bincount(at, minlength=organisations)


def _check_names(numbers, contacts):
    """Raise InputProblem if an organisation has more people than there are names to tell them apart."""
    names = len(_FIRST) * len(_LAST)
    if numbers.max(initial=0) > names:
        what = f"one organisation would have {numbers.max():,} people, and there are {names:,} names"
        what = f"fieldwork.contacts is too many for so few organisations: {what}"
        raise InputProblem(what, file="params.yaml", found=contacts, do="lower it, or raise fieldwork.organisations")


def _spelled_otherwise(people):
    """The same people as "Surname, I." with their address in capitals."""
    names = [f"{last}, {first[0]}." for first, last in people["contact_name"].str.split(" ")]
    return people.assign(contact_name=names, email=people["email"].str.upper())
