"""Words of fields' names that tell what a field is, and texts that stand for no value."""


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


TIME_WORDS = _listed("time timestamp ts datetime date at when on dt epoch unixtime day")
"""Words of a field that holds a time."""

EVENT_WORDS = _listed(
    "event occurred happened placed ordered order transaction txn trans created creation recorded "
    "observed measured logged request purchase sale crash incident start started begin booking "
    "payment posted visit trip pickup reading sample"
)
"""Words of a time that is the event's own."""

OTHER_TIME_WORDS = _listed(
    "updated modified changed birth birthday dob expiry expires expiration expired due "
    "deadline end ended finish finished closed close completed delivered delivery shipped "
    "notified loaded load ingested ingestion processed processing deleted scheduled "
    "promised valid hire hired joined "
    "registered signup member last next estimated settled paid received return returned reviewed "
    "resolved retired previous prev import imported export exported dropoff"
)
"""Words of a time that is another one's."""

ID_WORDS = _listed("id ids uuid guid key hash token ref reference serial index rowid")
"""Words of a field that names one of many."""

CODE_WORDS = _listed(
    "zip zipcode postcode postal phone account imei isbn ean sku plate barcode invoice"
)
"""Words of a field whose digits are no number."""

CATEGORY_WORDS = _listed(
    "code type status class category kind zone district ward region group grade level state mode "
    "channel sector cluster label protocol port month weekday"
)
"""Words of a whole number that stands for a kind of thing."""

COUNT_WORDS = _listed(
    "count counts num number qty quantity amount total sum units votes score rating size"
)
"""Words of a number that counts or measures."""

OWNER_WORDS = _listed(
    "customer user account device host sensor machine client card vehicle driver merchant store "
    "patient meter station node service server asset player member reviewer author"
)
"""Words that, beside `id`, say whose records they are."""

PEOPLE_WORDS = _listed(
    "first last full middle sur user customer client reviewer author patient employee driver owner "
    "contact holder account person buyer seller guest member passenger student card cardholder "
    "given family nick maiden recipient sender payer payee"
)
"""Words that, beside `name`, say that it is a person's."""

LABEL_WORDS = _listed(
    "label target class fraud anomaly anomalous outlier abnormal attack is_fraud ground truth y"
)
"""Words of a field that may hold the answer itself: whether a record is abnormal."""

ADDRESS_WORDS = _listed("address addr")

WORDS_BESIDE_ADDRESS = _listed(
    "street home postal mailing billing shipping customer user client line 1 2 residential delivery"
)
"""Words that, beside `address`, say where somebody lives."""

SENTINELS = _listed("n/a na #n/a n.a. nan null none nil - -- --- ? .") | _listed(
    "unknown undefined missing unspecified (null) <null> \\n (blank) tbd"
)
SENTINELS |= {"not available", "not applicable", "not reported", "not provided"}
SENTINELS |= {"unable to determine", "not known", "not specified"}
"""Texts, in lower case, that say that a value is not known."""
