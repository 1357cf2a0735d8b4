"""Codes on labels."""

import string

from hypothesis import assume, given
from hypothesis import strategies as st

from angkut_backend.registry.labels import Label, check_character

LETTERS = string.digits + string.ascii_uppercase
CODES = st.text(LETTERS, min_size=2, max_size=20)


def test_the_check_character_is_that_of_the_standard() -> None:
    # The example of ISO/IEC 7064, MOD 37,36, as Global Release Identifiers use it.
    assert check_character("A12425GABC1234002") == "M"


@given(CODES, st.data())
def test_a_wrong_character_is_noticed(code: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(code) - 1))
    wrong = data.draw(st.sampled_from(LETTERS))
    assume(code[place] != wrong)
    assert check_character(code) != check_character(code[:place] + wrong + code[place + 1 :])


def test_a_label_has_an_address_and_a_short_code() -> None:
    label = Label("BKS-BT-0241", "TPS RW 04", "Bekasi Jaya")
    assert label.url("https://a.example/") == "https://a.example/?claim=BKS-BT-0241"
    assert label.short_code == f"0241-{check_character('BKSBT0241')}"
