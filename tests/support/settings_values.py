"""Values that settings can have, as plain data, for property tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from t4t.domain.settings.fields import FIELDS, Kind
from t4t.domain.settings.tree import Day, Response

if TYPE_CHECKING:
    from t4t.domain.settings.fields import Field

_CLOCKS = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59)) | st.just("24:00")
_DAYS = st.lists(st.sampled_from([day.value for day in Day]), max_size=7)
_HOURS = st.fixed_dictionaries({"days": _DAYS, "start": _CLOCKS, "end": _CLOCKS})
_SPANS = st.fixed_dictionaries({"days": _DAYS, "start": _CLOCKS, "end": _CLOCKS, "does": st.sampled_from([one.value for one in Response])})
_NAMES = st.text(st.characters(exclude_characters=",", codec="utf-8"), min_size=1, max_size=20).filter(lambda text: text.isprintable() and text == text.strip())


def a_value(field: Field) -> st.SearchStrategy[Any]:
    """Any value of one setting."""
    match field.kind:
        case Kind.YES_NO:
            return st.booleans()
        case Kind.CHOICE:
            return st.sampled_from(field.choices)
        case Kind.TEXT:
            return _NAMES
        case Kind.NAMES:
            return st.lists(_NAMES, max_size=4)
        case Kind.HOURS:
            return st.lists(_SPANS if field.name == "spans" else _HOURS, max_size=3)
        case Kind.WHOLE | Kind.NUMBER:
            assert field.low is not None
            assert field.high is not None
            low = field.low if field.least is None else field.least
            # six decimals: what the command line and BOINC's files can say
            some = st.integers(int(low), int(field.high)) if field.kind is Kind.WHOLE else st.floats(low, field.high).map(lambda value: round(value, 6))
            return some.filter(lambda value: low <= value <= (field.high or 0)) | st.just(0) if field.zero and field.kind is Kind.WHOLE else some


def values_of_fields() -> st.SearchStrategy[dict[str, Any]]:
    """Some settings with any values."""
    return st.lists(st.sampled_from(sorted(FIELDS)), max_size=8, unique=True).flatmap(
        lambda paths: st.fixed_dictionaries({path: a_value(FIELDS[path]) for path in paths})
    )
