"""What is expected of the raw files, generated from a codebook: for each file a list of Checks."""

from pipeline import views as v
from pipeline.codebook import ORGANISATION
from pipeline.dispositions import OUTCOMES
from pipeline.expectations import (
    ADVISORY,
    CRITICAL,
    Check,
    answers,
    dates,
    every_sector,
    filled,
    key,
    known_contact,
    no_code,
    one_id,
    one_of,
    one_value,
    size,
    tick,
)
from pipeline.raw import (
    CONTACT_HISTORY,
    FRAME,
    INTERVIEWS,
    MODES,
    ROUND_FORM,
    STATUSES,
    frame_questions,
    interview_questions,
    listed,
)

# More rows than this under one organisation are more likely a wrong organisation id than people to approach.
MOST_CONTACTS = 50
# Forms of addresses and numbers, as views reduce them: x for letters, 9 for digits.
ADDRESS_FORM = r"^[x9]+(?:[._+'-][x9]+)*@[x9]+(?:-[x9]+)*(?:\.[x9]+(?:-[x9]+)*)+$"
NUMBER_FORM = r"^\+?[9() -]*9[9() -]*(?: ?(?:x|#) ?9)?$"


def suites(codebook):
    """The checks of each file, by file name, in the order in which a failure is reported."""
    return {
        FRAME: frame_checks(codebook),
        CONTACT_HISTORY: history_checks(codebook),
        INTERVIEWS: interview_checks(codebook),
    }


def frame_checks(codebook):
    """What is expected of the sample frame."""
    checks = [*key("contact_id"), filled(ORGANISATION), one_id()]
    for question in frame_questions(codebook):
        (column,) = question.export_columns
        is_size = any(a.band for a in question.answers)
        of_cells = [no_code(question, column), size(question, column)] if is_size else [answers(question, column)]
        checks += [*of_cells, one_value(question, column)]
    sector = codebook.question(codebook.sector)
    (column,) = sector.export_columns
    return [
        *checks,
        every_sector(sector, column, column, "contact in the frame"),
        Check(
            "contact_id",
            "A contact is listed once",
            "the contact is listed a second time",
            "ExpectColumnValuesToBeInSet",
            {"column": v.LISTING, "value_set": [v.FIRST]},
            ADVISORY,
            do="cleaning keeps the first listing",
        ),
        Check(
            ORGANISATION,
            f"An organisation has at most {MOST_CONTACTS} contacts",
            "the organisation has very many contacts",
            "ExpectColumnValuesToBeBetween",
            {"column": v.CONTACTS, "min_value": 1, "max_value": MOST_CONTACTS},
            ADVISORY,
            do="look for other organisations under its id",
        ),
        *contact_details(codebook),
    ]


def contact_details(codebook):
    """What is expected of addresses and numbers, which are judged by their form and never shown."""
    checks = [
        Check(
            "email",
            "An email address has the form of one",
            "this is not the form of an email address",
            "ExpectColumnValuesToMatchRegex",
            {"column": v.ADDRESS, "regex": ADDRESS_FORM},
            ADVISORY,
            "name@domain",
        ),
        Check(
            "telephone",
            "A telephone number has digits, blanks, brackets, dashes and a plus sign only",
            "this is not the form of a telephone number",
            "ExpectColumnValuesToMatchRegex",
            {"column": v.NUMBER, "regex": NUMBER_FORM},
            ADVISORY,
        ),
    ]
    if codebook.kind == "fieldwork":
        return checks
    invented = Check(
        "email",
        f"Contacts are invented: their addresses are at {v.INVENTED}, which nobody has",
        "the address could be a real person's",
        "ExpectColumnValuesToBeInSet",
        {"column": v.DOMAIN, "value_set": [v.INVENTED]},
        allowed=f"addresses at {v.INVENTED}",
        do=f"keep real people out of a {codebook.kind}",
    )
    return [*checks, invented]


def history_checks(codebook):
    """What is expected of the contact history."""
    return [
        *key("attempt_id"),
        *known_contact(),
        filled("round"),
        Check(
            "round",
            "A round is a whole number from 1 to 99",
            "this is not the number of a round",
            "ExpectColumnValuesToMatchRegex",
            {"column": "round", "regex": f"^{ROUND_FORM}$"},
            allowed="a whole number from 1 to 99",
        ),
        *one_of("mode", MODES, "a way of contact"),
        *one_of("outcome", OUTCOMES, "an outcome of a contact attempt"),
        *dates("attempted_on", codebook),
        Check(
            "attempted_on",
            "A contact's next round begins when the round before has ended",
            "the attempt is earlier than one of the round before",
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {"column_A": v.date_of("attempted_on"), "column_B": v.EARLIER_ROUND, "or_equal": True, **EITHER},
            ADVISORY,
            do="check the round and the date",
        ),
        Check(
            "outcome",
            "An attempt that ended in a completed questionnaire has one in the interviews",
            f"{INTERVIEWS} has no complete interview with this organisation",
            "ExpectColumnValuesToBeInSet",
            {"column": v.BORNE_OUT, "value_set": [v.BORNE]},
            do="correct the outcome or add the interview",
        ),
    ]


def interview_checks(codebook):
    """What is expected of the interviews: whose they are, when, each answer, then how the answers fit together."""
    checks = [
        *key("interview_id"),
        filled(ORGANISATION),
        Check(
            ORGANISATION,
            "The organisation is in the frame",
            "the frame has no such organisation",
            "ExpectColumnValuesToBeInSet",
            {"column": v.IN_FRAME, "value_set": [v.IN]},
            allowed=f"an organisation of {FRAME}",
        ),
        *known_contact(),
        Check(
            "contact_id",
            "The contact is of the organisation that the interview is about",
            "the frame has this contact at another organisation",
            "ExpectColumnPairValuesToBeEqual",
            {"column_A": ORGANISATION, "column_B": v.EMPLOYER, **EITHER},
            do="correct the organisation or the contact",
        ),
        *one_of("status", STATUSES, "a status of an interview"),
        *dates("completed_on", codebook),
        Check(
            "completed_on",
            "Nobody is interviewed before the first attempt to reach them",
            "the contact was first tried on a later day",
            "ExpectColumnPairValuesAToBeGreaterThanB",
            {"column_A": v.date_of("completed_on"), "column_B": v.APPROACHED, "or_equal": True, **EITHER},
            ADVISORY,
            do=f"check the dates here and in {CONTACT_HISTORY}",
        ),
        *complete_questionnaires(codebook),
    ]
    asked = interview_questions(codebook)
    of_cells = [check for question in asked for check in cells(question)]
    of_questions = [check for question in asked for check in fit(question)]
    return [*checks, *of_cells, *of_questions]


def complete_questionnaires(codebook):
    """One complete questionnaire per organisation, some from each sector, and as many as the codebook says."""
    sector = codebook.question(codebook.sector)
    checks = [
        Check(
            "status",
            "An organisation has one complete questionnaire",
            "the organisation has another complete questionnaire",
            "ExpectColumnValuesToBeUnique",
            {"column": v.COMPLETE_OF},
            do="keep one, or mark the earlier as partial",
        ),
        every_sector(sector, ORGANISATION, v.SECTOR, "complete questionnaire"),
    ]
    if codebook.respondents is None:
        return checks
    number = codebook.respondents
    counted = Check(
        "status",
        f"{number} organisations have a complete questionnaire, as the source says",
        "this is not the number of complete questionnaires that the source gives",
        "ExpectColumnUniqueValueCountToBeBetween",
        {"column": v.COMPLETE_OF, "min_value": number, "max_value": number},
        ADVISORY,
        f"{number}",
    )
    return [*checks, counted]


def cells(question):
    """What is expected of each cell of a question in the interviews."""
    if question.kind == "single":
        return [answers(question, *question.export_columns)]
    if question.kind == "multiple":
        pairs = zip(question.export_columns, question.answers, strict=True)
        return [tick(question, column, answer) for column, answer in pairs]
    (column,) = question.export_columns
    coded = Check(
        column,
        f"Own words on “{question.label}” are covered by the codebook's phrases",
        "own words that no phrase of the codebook covers",
        "ExpectColumnValuesToBeInSet",
        {"column": v.coding(column), "value_set": [v.CODED]},
        ADVISORY,
        do="cleaning lists them for a person to code",
    )
    return [coded]


def fit(question):
    """What is expected of a question's answers together: from those asked, from nobody else, and how many."""
    name = question.column or question.id
    checks = []
    if question.kind == "single":
        checks.append(
            Check(
                name,
                f"Who was asked “{question.label}” has answered it",
                "the question was asked and has no answer",
                "ExpectColumnValuesToNotBeInSet",
                {"column": v.routing(name), "value_set": [v.SILENT]},
                allowed=listed(question),
                do='fill it in, or give the answer that an empty cell stands for the spelling "" in the codebook',
            )
        )
    if question.asked_if:
        checks.append(
            Check(
                name,
                f"Only who was asked “{question.label}” has answered it",
                "an answer to a question that was not asked",
                "ExpectColumnValuesToNotBeInSet",
                {"column": v.routing(name), "value_set": [v.OFF_ROUTE]},
                ADVISORY,
                do="cleaning takes it out and logs it",
            )
        )
    return [*checks, *numbers(question, name)]


def numbers(question, name):
    """How many answers a question takes."""
    limits = (
        (question.min_answers, "min_value", "at least", "too few answers", CRITICAL),
        (question.max_answers, "max_value", "at most", "too many answers", ADVISORY),
    )
    return [
        Check(
            name,
            f"Who was asked “{question.label}” gave {bound} {limit}",
            fault,
            "ExpectColumnValuesToBeBetween",
            {"column": v.number_of(name), argument: limit},
            severity,
            f"{bound} {limit}",
        )
        for limit, argument, bound, fault, severity in limits
        if limit
    ]


EITHER = {"ignore_row_if": "either_value_is_missing"}
