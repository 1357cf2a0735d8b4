from itertools import chain
from statistics import median

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from angkut_backend.quality.echoes import echoes_of_surface

LISTS = st.lists(st.none() | st.lists(st.integers(0, 100_000), max_size=16), max_size=8)


@given(LISTS)
def test_the_surface_is_the_median_echo(lists: list[list[int] | None]) -> None:
    echoes = np.array(list(chain.from_iterable(filter(None, lists))), "i4")
    echo_n = np.array([-1 if one is None else len(one) for one in lists], "i8")
    found = [None if np.isnan(mm) else mm for mm in echoes_of_surface(echoes, echo_n).tolist()]
    assert found == [median(one) if one else None for one in lists]
