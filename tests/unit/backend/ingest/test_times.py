"""Times as PostgreSQL counts them."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from angkut_backend.ingest.times import microseconds

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(
    st.lists(
        st.datetimes(datetime(2020, 1, 1), datetime(2105, 1, 1), timezones=_zones),  # noqa: DTZ001
        max_size=20,
    )
)
def test_no_microsecond_is_lost(times: list[datetime]) -> None:
    exact = [(at - _EPOCH) // timedelta(microseconds=1) for at in times]
    assert microseconds(times).tolist() == exact
