"""What steers the fault suite, by environment."""

#: How many processes one run kills; `make chaos` asks for 30.
KILLS_VARIABLE = "ANGKUT_TEST_KILLS"
#: The same seed picks the same victims in the same order; the moments are the machine's too.
SEED_VARIABLE = "ANGKUT_TEST_SEED"
