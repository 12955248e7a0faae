"""What check and compare said in this session, in order."""

import time
from typing import NamedTuple

LONGEST = 200  # characters of a prediction or a result


class Record(NamedTuple):
    """One answer or one prediction."""

    time: float  # when, in seconds since 1970
    exercise: str | None = None  # its name; None for a prediction
    verdict: str | None = None  # "right", "wrong" or "unwritten"; None for a prediction
    mistake: str | None = None  # the key of the mistake, if the answer is wrong
    prediction: str | None = None  # as it was printed; None for an exercise, and for a prediction left out
    result: str | None = None  # what came out, as it was printed


RECORDS = []


def keep(**fields):
    """Add a Record of this moment."""
    RECORDS.append(Record(time.time(), **fields))
