import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angkut_broker.errors import TopicError
from angkut_broker.topics import Channel, Kind, Topic, topic_filter

EXAMPLE = "angkut/v1/bekasi/327501/bin/70b3d57ed0001234/telemetry"


def test_a_topic_reads_and_writes_itself() -> None:
    topic = Topic.parse(EXAMPLE)
    assert topic == Topic("bekasi", "327501", Kind.BIN, "70b3d57ed0001234", Channel.TELEMETRY)
    assert str(topic) == EXAMPLE


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "channel"),
        ("/" + EXAMPLE, "channel"),
        (EXAMPLE.replace("angkut", "other"), "angkut/v1"),
        (EXAMPLE.replace("v1", "v2"), "angkut/v1"),
        (EXAMPLE.replace("bekasi", "Bekasi"), "city"),
        (EXAMPLE.replace("327501", "32.75.01"), "area"),
        (EXAMPLE.replace("/bin/", "/bucket/"), "kind"),
        (EXAMPLE.replace("70b3", "+"), "device_id"),
        (EXAMPLE.replace("70b3", "a.b"), "device_id"),
        (EXAMPLE.replace("70b3d57ed0001234", "a" * 65), "device_id"),
        (EXAMPLE.replace("70b3d57ed0001234", "a\n"), "device_id"),
        (EXAMPLE.replace("telemetry", "telemetri"), "channel"),
        (EXAMPLE + "/more", "channel"),
    ],
)
def test_a_wrong_topic_is_refused_by_the_level_that_is_wrong(text: str, word: str) -> None:
    with pytest.raises(TopicError, match=word):
        Topic.parse(text)


@given(st.text())
def test_any_text_is_a_topic_or_a_topic_error(text: str) -> None:
    with contextlib.suppress(TopicError):
        assert str(Topic.parse(text)) == text


def test_only_state_is_retained_and_everything_is_delivered_at_least_once() -> None:
    assert {channel for channel in Channel if channel.retain} == {Channel.STATUS, Channel.META}
    assert {channel.qos for channel in Channel} == {1}


def test_a_filter_covers_one_channel_of_every_device() -> None:
    assert topic_filter(Channel.TELEMETRY) == "angkut/v1/+/+/+/+/telemetry"
    assert topic_filter(Channel.CMD, device_id="%u") == "angkut/v1/+/+/+/%u/cmd"
