"""What devices send when something is not as usual; layouts in the models' own words."""

from datetime import UTC, datetime

import pytest

from angkut_broker.messages import EventKind, Fault
from angkut_edge.models import find, registry
from angkut_edge.uplink import Frame, FrameError, Sample, UnsupportedCommandError

#: 2026-01-14 21:45 UTC.
STAMP = 0x6968101C
STAMP_LE = STAMP.to_bytes(4, "little").hex()
STAMP_BE = STAMP.to_bytes(4, "big").hex()
IMEI, IMSI = "f867787050213317", "f460083513507314"
AT = datetime.fromtimestamp(STAMP, UTC)


def decode(model: str, hexadecimal: str, port: int | None = None) -> Frame:
    found = find(model)
    assert found is not None
    return found.decode(bytes.fromhex(hexadecimal), port)


def sample(model: str, hexadecimal: str, port: int | None = None) -> Sample:
    (one,) = decode(model, hexadecimal, port).samples
    return one


def test_a_model_is_found_by_the_names_that_people_give_it() -> None:
    assert len(registry()) >= 20
    for name in ("em400-mud", "EM400-MUD", "Milesight EM400-MUD", "em400_mud"):
        found = find(name)
        assert found is not None
        assert found.name == "em400-mud"
    assert find("EM400") is None
    assert find("") is None


@pytest.mark.parametrize(
    ("model", "port", "hexadecimal", "fault"),
    [
        ("em400-mud", 85, "0482fdff", Fault.NO_ECHO),
        ("em310-udl", 85, "0382ffff", Fault.SENSOR_ERROR),
        ("em310-udl", 85, "0382ffee", Fault.BAD_FIELD),
        ("em410-rdl", 85, "b482fdff02", Fault.NO_ECHO),
        ("em410-rdl", 85, "b482ffff03", Fault.SENSOR_ERROR),
        ("em410-rdl", 85, "b482640001", Fault.BLIND_ZONE),
        ("em410-rdl", 85, "0482fbff", Fault.BAD_FIELD),  # -5 mm
        ("ldds75", 2, "0b45 0000 00 0105 01", Fault.SENSOR_ERROR),
        ("ldds75", 2, "0b45 0014 00 0105 01", Fault.BLIND_ZONE),
        ("ldds75", 2, "0b45 0117 00 0105 01", Fault.BLIND_ZONE),
        ("ldds75", 2, "0b45 1fff 00 0105 01", Fault.BAD_FIELD),
        ("ldds75", 2, "0b45 0b05 00 0105 00", Fault.SENSOR_ERROR),
        ("ldds45", 2, "0b45 0014 00 0105 01", Fault.BLIND_ZONE),
        ("dl-mbx", 1, "02012f0003 04d2 0000 0bb1", Fault.NO_ECHO),
        ("dl-mbx", 1, "02012f0003 1388 0003 0bb1", Fault.NO_ECHO),
        ("dl-mbx", 1, "02012f0003 270f 0003 0bb1", Fault.NO_ECHO),
        ("dl-mbx", 1, "02012f0003 012c 0003 0bb1", Fault.BLIND_ZONE),
        ("r718x", 6, "013401 24 01 ffff 0107 32 0a", Fault.NO_ECHO),
        ("elt-2", 5, "0e0000", Fault.NO_ECHO),
        ("df702", 3, "80000101110000001900000000000000 81", Fault.SENSOR_ERROR),
        ("df702", 3, "8000010111ffff001900000000000000 81", Fault.NO_ECHO),
        ("lora-lm-xl", 1, "0000 ff 0e10 00", Fault.BLIND_ZONE),
        ("lora-lm-xl", 1, "ffff ff 0e10 00", Fault.NO_ECHO),
        ("lora-lm-xl", 1, "0001 ff 0e10 00", Fault.SENSOR_ERROR),
        ("lora-lm-xl", 1, "07d0 32 0e10 08", Fault.SENSOR_ERROR),
        ("lora-lm-xl", 1, "0064 32 0e10 00", Fault.BAD_FIELD),
        ("brighterbins", 1, "308ffd", Fault.SENSOR_ERROR),
        ("single-sensor-3", 1, "ffff2201 04030201 01 00ff00ff 6e 1c 00 01", Fault.NO_ECHO),
        ("wilsen-sonic-level", 1, "040b02ffff", Fault.NO_ECHO),
        ("dds75-nb", None, f"{IMEI} 0084 0cf4 1e 01 00 0000 {STAMP_BE}", Fault.SENSOR_ERROR),
    ],
)
def test_a_code_is_a_fault_and_never_a_distance(
    model: str, port: int, hexadecimal: str, fault: Fault
) -> None:
    one = sample(model, hexadecimal, port)
    assert one.d_mm is None
    assert one.fill_pct is None
    assert fault in one.faults


def test_temperatures_have_a_sign_in_both_orders_of_bytes() -> None:
    assert sample("em400-mud", "0367 9cff 0482 6402", 85).temp_c == -10.0
    assert sample("em400-mud", "0367 ffff", 85).temp_c == -0.1
    assert sample("ldds75", "0b45 0b05 00 ff9c 01", 2).temp_c == -10.0
    assert sample("r718x", "013401 24 01 012c ff9c 32 0a", 6).temp_c == -10.0
    assert sample("elt-2", "01ff9c 0e012c", 5).temp_c == -10.0
    assert sample("df702", "80000101 11 07d0 00 ec 00 00 00 00 00 00 00 81", 3).temp_c == -20.0
    assert sample("df702", "80000101 11 07d0 00 96 00 00 00 00 00 00 00 81", 3).temp_c == 150.0
    assert sample("wilsen-sonic-level", "060201c1200000 040b020400", 1).temp_c == -10.0


@pytest.mark.parametrize("raw", ["0ccc", "0000", "ffff", "7fff"])
def test_a_missing_probe_is_no_temperature(raw: str) -> None:
    one = sample("ldds75", f"0b45 0b05 00 {raw} 01", 2)
    assert one.temp_c is None
    assert one.d_mm == (2821,)


@pytest.mark.parametrize(
    ("model", "hexadecimal", "port"),
    [
        ("em310-udl", "01750a 0382 4408", 85),
        ("r718x", "013401 a4 01 012c 0107 32 0a", 6),
        ("df702", "80000101 11 07d0 00 19 00 00 00 01 00 00 00 81", 3),
        ("brighterbins", "108e31", 1),
    ],
)
def test_a_low_battery_is_a_fault_beside_the_reading(
    model: str, hexadecimal: str, port: int
) -> None:
    one = sample(model, hexadecimal, port)
    assert one.d_mm
    assert one.faults == (Fault.LOW_BATTERY,)


def test_flags_in_the_battery_word_are_no_voltage() -> None:
    assert sample("ldds75", "cb45 0b05 00 0105 01", 2).bat_mv == 0x0B45
    one = sample("r718x", "013401 a4 01 012c 0107 32 0a", 6)
    assert one.bat_mv == 3600


def test_a_field_that_cannot_be_goes_and_the_reading_stays() -> None:
    one = sample("ldds75", "ffff 0b05 00 0105 01", 2)
    assert (one.bat_mv, one.d_mm, one.faults) == (None, (2821,), (Fault.BAD_FIELD,))


@pytest.mark.parametrize("model", registry())
def test_bytes_that_are_all_ones_never_become_a_level(model: str) -> None:
    for size in (1, 3, 6, 8, 11, 17, 25, 40):
        for port in (None, 1, 2, 3, 5, 6, 7, 85):
            try:
                frame = decode(model, "ff" * size, port)
            except FrameError:
                continue
            for one in frame.samples:
                assert not one.d_mm
                assert one.fill_pct is None or one.fill_pct <= 100


def test_what_stands_before_an_unknown_channel_is_kept() -> None:
    one = sample("em400-mud", "0482 4408 9999 0367 0101", 85)
    assert (one.d_mm, one.temp_c, one.faults) == ((2116,), None, (Fault.BAD_FIELD,))


@pytest.mark.parametrize(
    ("model", "hexadecimal", "port"),
    [
        ("em400-mud", "0482 4408 0367 01", 85),
        ("em310-udl", "0382 4408 04", 85),
        ("elt-2", "0e012c 07 0e", 5),
        ("wilsen-sonic-level", "040b02012c 060201", 1),
        ("r718x", "013401 24 01 012c 01", 6),
        ("dl-mbx", "02012f0003 012d 0001 0b", 1),
    ],
)
def test_a_cut_off_frame_keeps_what_was_whole(model: str, hexadecimal: str, port: int) -> None:
    one = sample(model, hexadecimal, port)
    assert one.d_mm is not None
    assert Fault.BAD_FIELD in one.faults


@pytest.mark.parametrize(
    ("model", "hexadecimal", "port"),
    [
        ("em400-mud", "9999", 85),
        ("em400-mud", "04", 85),
        ("em400-mud", "0200", 85),
        ("ldds75", "0b45 0b", 2),
        ("ldds75", "0b45 0b05 00", 9),
        ("ldds75", "0b45", 3),
        ("dl-mbx", "03012f000304d200010bb1", 1),
        ("dl-mbx", "02012f0003", 1),
        ("r718x", "019901 24 01 012c 0107 32 0a", 6),
        ("r718x", "013402 24 01 012c 0107 32 0a", 6),
        ("elt-2", "ee", 5),
        ("df702", "8081", 3),
        ("df702", "000001011107d0001900000000000000 81", 3),
        ("lora-lm-xl", "05dc", 1),
        ("brighterbins", "308e33", 1),
        ("brighterbins", "8e30", 1),
        ("single-sensor-3", "ffff", 1),
        ("wilsen-sonic-level", "01", 1),
        ("dds75-nb", "0102030405", None),
    ],
)
def test_bytes_of_something_else_are_refused_in_words(
    model: str, hexadecimal: str, port: int
) -> None:
    with pytest.raises(FrameError) as caught:
        decode(model, hexadecimal, port)
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize(
    ("model", "hexadecimal", "port"),
    [
        ("em400-mud", "017564", 85),
        ("em400-mud", "ff10ff", 85),
        ("em400-mud", "fe1c0302", 85),
        ("em400-mud", "fe99 0102", 85),
        ("em410-rdl", "f8130100", 85),
        ("r718x", "83 34 00 00 00 00 00 00 00 00 00", 7),
        ("elt-2", "3e0614000001f4", 6),
        ("wilsen-sonic-level", "03510123", 1),
        ("em400-mud", "", 85),
    ],
)
def test_answers_and_reports_on_the_device_are_no_readings(
    model: str, hexadecimal: str, port: int
) -> None:
    assert decode(model, hexadecimal, port).samples == ()


def test_an_answer_to_a_setting_may_stand_before_a_reading() -> None:
    frame = decode("em400-mud", "ff03b004 fe1c0302 0482 4408", 85)
    assert frame.interval_s == 1200
    assert frame.samples[0].d_mm == (2116,)
    assert decode("em410-rdl", "ff8e001400", 85).interval_s == 1200


def test_a_history_has_its_own_times_and_codes() -> None:
    frame = decode("em500-udl", f"0382 1e01 20ce{STAMP_LE}4408 20ce{STAMP_LE}fdff", 85)
    now, first, second = frame.samples
    assert (now.d_mm, now.t) == ((286,), None)
    assert (first.d_mm, first.t, first.faults) == ((2116,), AT, (Fault.HISTORY,))
    assert (second.d_mm, second.faults) == (None, (Fault.HISTORY, Fault.NO_ECHO))


def test_the_radar_tells_in_its_history_what_it_could_not_see() -> None:
    frame = decode(
        "em410-rdl",
        f"20ce{STAMP_LE}4408 0101 0000 00 20ce{STAMP_LE}6400 ffff 0000 04 "
        f"20ce{STAMP_LE}feff feff 0000 00",
        85,
    )
    seen, blind, off = frame.samples
    assert (seen.d_mm, seen.temp_c, seen.t) == ((2116,), 25.7, AT)
    assert (blind.d_mm, blind.temp_c) == (None, None)
    assert blind.faults == (Fault.HISTORY, Fault.BLIND_ZONE)
    assert (off.d_mm, off.faults) == (None, (Fault.HISTORY,))


def test_a_memory_of_dragino_is_read_entry_by_entry() -> None:
    entry = f"0d10 0b05 0105 41 {STAMP_BE}"
    never = "0000 0000 0000 00 00000000"
    frame = decode("dds75-lb", entry + never + entry.replace("0b05", "0014"), 3)
    first, second = frame.samples
    assert (first.t, first.d_mm, first.bat_mv, first.temp_c) == (AT, (2821,), 3344, 26.1)
    assert first.faults == (Fault.HISTORY,)
    assert second.faults == (Fault.HISTORY, Fault.BLIND_ZONE)
    cut = decode("dds75-lb", entry + "0d10", 3)
    assert len(cut.samples) == 1
    assert cut.left_out


def test_detect_mode_sends_the_echoes_of_one_measurement() -> None:
    assert sample("dds75-lb", "0b05 0014 0b07", 6).d_mm == (2821, 2823)
    assert sample("dds75-lb", "0014 0014", 6).faults == (Fault.BLIND_ZONE,)


def test_several_distances_of_a_newer_firmware_are_echoes() -> None:
    one = sample("dds75-lb", "1cf4 000000000000 0b05 0b06 0014 00 0105 01", 2)
    assert (one.bat_mv, one.d_mm, one.temp_c) == (0x0CF4, (2821, 2822), 26.1)


@pytest.mark.parametrize(
    ("model", "head", "row", "temp_c"),
    [
        ("dds75-nb", f"{IMEI} 0084 0cf4 1e 01 00 0b05", "0b06", None),
        ("dds75-nb", f"{IMEI} {IMSI} 0184 0cf4 1e 01 00 00 0b05", "0b06", None),
        ("dds75-cb", f"{IMEI} {IMSI} 0184 0cf4 1e 01 00 00 0105 0b05", "0b06 0106", 26.1),
    ],
)
def test_both_firmwares_of_the_cellular_variant_and_its_memory_are_read(
    model: str, head: str, row: str, temp_c: float | None
) -> None:
    position = "01c9c380 00000000 00000000" if model == "dds75-cb" else ""
    frame = decode(model, f"{head} {STAMP_BE} {position} {row} {STAMP_BE}")
    latest, past = frame.samples
    assert (latest.d_mm, latest.t, latest.temp_c, latest.rssi_dbm) == ((2821,), AT, temp_c, -53)
    assert (past.d_mm, past.t, past.faults) == ((2822,), AT, (Fault.HISTORY,))
    assert decode(model, f"{head} {STAMP_BE} {position}".encode().hex()).samples[0] == latest


def test_of_several_records_without_times_only_the_last_is_taken() -> None:
    records = "017564 0367 0b01 0482 3b01 050000017563 0367 0c01 0482 3c01 050000"
    size = len(bytes.fromhex(records)).to_bytes(2, "big").hex()
    head = "0200010000000005 01" + b"01200110".hex() + (b"6" * 66).hex() + "1f"
    frame = decode("em400-mud", head + size + records)
    (one,) = frame.samples
    assert (one.d_mm, one.temp_c, one.seq, one.rssi_dbm) == ((316,), 26.8, 5, -51)
    assert frame.fw == "1.20"
    assert frame.left_out is not None
    assert "1 readings" in frame.left_out
    cut = decode("em400-mud", head + size + records[:-6])
    assert Fault.BAD_FIELD in cut.samples[0].faults


def test_a_bin_that_left_its_fence_has_moved() -> None:
    # The maker's example: no fence is set.
    assert decode("em400-mud", "0688FFFFFFFFFFFFFFFF20").notices == ()
    frame = decode("em400-mud", "0482 4408 0688 9cff0807 e8a6a1ff 12")
    assert [notice.kind for notice in frame.notices] == [EventKind.MOVED]


def test_the_four_sonars_of_one_sensor_are_its_echoes() -> None:
    frame = decode("single-sensor-3", "ffff2203 04030201 07 32ff3331 6e 4b 2d 02", 1)
    (one,) = frame.samples
    assert one.d_mm == (1000, 1020, 980)
    assert (one.bat_mv, one.temp_c, one.tilt_deg) == (3600, 75.0, 45.0)
    kinds = [(notice.kind, notice.value) for notice in frame.notices]
    assert kinds == [(EventKind.FIRE, 75.0), (EventKind.TILT, 45.0)]


def test_a_bin_on_fire_says_so() -> None:
    frame = decode("df702", "80000102 11 01f4 00 5a 00 2d 11 10 00 00 00 81", 3)
    kinds = [(notice.kind, notice.value) for notice in frame.notices]
    assert kinds == [(EventKind.FIRE, 90.0), (EventKind.TILT, 45.0)]
    assert frame.samples[0].d_mm == (500,)


@pytest.mark.parametrize(
    ("model", "name", "args", "port", "hexadecimal"),
    [
        ("em400-mud", "interval", {"seconds": 600}, 85, "ff035802"),
        ("em310-udl", "reboot", {}, 85, "ff10ff"),
        ("em410-rdl", "interval", {"seconds": 1200}, 85, "ff8e001400"),
        ("em410-rdl", "reboot", {}, 85, "ff10ff"),
        ("ldds75", "interval", {"seconds": 1200}, 2, "010004b0"),
        ("dds45-lb", "reboot", {}, 2, "04ff"),
        ("r718x", "interval", {"seconds": 900}, 7, "013403840384010064 0005"),
        ("df702", "interval", {"seconds": 14_400}, 3, b"80029999010481".hex()),
    ],
)
def test_a_command_becomes_the_bytes_that_the_maker_documents(
    model: str, name: str, args: dict[str, object], port: int, hexadecimal: str
) -> None:
    found = find(model)
    assert found is not None
    downlink = found.command(name, args)
    assert (downlink.f_port, downlink.payload) == (port, bytes.fromhex(hexadecimal))


@pytest.mark.parametrize(
    ("model", "name", "args"),
    [
        ("em400-mud", "calibrate", {}),
        ("em400-mud", "interval", {}),
        ("em400-mud", "interval", {"seconds": 5}),
        ("em400-mud", "interval", {"seconds": True}),
        ("ldds75", "interval", {"seconds": "600"}),
        ("r718x", "reboot", {}),
        ("dl-mbx", "interval", {"seconds": 600}),
    ],
)
def test_a_command_that_a_model_has_not_is_refused_in_words(
    model: str, name: str, args: dict[str, object]
) -> None:
    found = find(model)
    assert found is not None
    with pytest.raises(UnsupportedCommandError, match=r"model takes"):
        found.command(name, args)
