from parts import environment


def test_settings_of_the_caller_do_not_reach_the_tests() -> None:
    env = {"ANGKUT_DATABASE_DSN": "x", "ANGKUT_TEST_REQUIRE": "chromium", "HOME": "/root"}
    environment.clean(env)
    assert env == {"ANGKUT_TEST_REQUIRE": "chromium", "HOME": "/root"}
