"""Each model on the examples that its maker, or a catalogue, has published.

Bytes and expected values are facts taken from the source that stands beside them.
"""

from dataclasses import dataclass

import pytest

from angkut_broker.messages import EventKind, Fault
from angkut_edge.models import find, registry
from angkut_edge.uplink import Frame


@dataclass(frozen=True)
class Example:
    model: str
    port: int | None
    hexadecimal: str
    source: str
    d_mm: tuple[int, ...] | None = None
    temp_c: float | None = None
    bat_mv: int | None = None
    tilt_deg: float | None = None
    fill_pct: float | None = None
    faults: tuple[Fault, ...] = ()
    events: tuple[EventKind, ...] = ()
    fw: str | None = None
    interval_s: int | None = None
    readings: int = 1


MILESIGHT = "github.com/Milesight-IoT/SensorDecoders, em-series, README.md"
GUIDE = "Milesight user guide EM400"
DRAGINO = "LDDS75 user manual; akenza-io/device-type-library (DDS20-LB, same layout)"
AKENZA = "github.com/akenza-io/device-type-library, uplink.spec.js"
TTN = "github.com/TheThingsNetwork/lorawan-devices, codec.yaml"
TILT = (EventKind.TILT,)
NB = (
    "020001005f00000001303130313031313036373439443139303534363930303331383638353038303634383037"
    "333530343630303433323234323133313130383938363034313231303232373030363238353709000e"
    "01756403670b0104823b01050001"
)

EXAMPLES = (
    Example("em310-udl", 85, "01755C 03824408 040001", MILESIGHT, (2116,), events=TILT),
    *(
        Example(model, 85, hexadecimal, source, d_mm, temp_c, tilt_deg=tilt_deg, events=events)
        for model in ("em400-mud", "em400-tld", "em400-udl")
        for hexadecimal, source, d_mm, temp_c, tilt_deg, events in (
            ("01755C 03670101 04824408 050001", MILESIGHT, (2116,), 25.7, None, TILT),
            ("8367e80001 8482410601", MILESIGHT, (1601,), 23.2, None, ()),
            ("017564 0367f800 04820101 050000", GUIDE, (257,), 24.8, 0.0, ()),
            ("8482330701", GUIDE, (1843,), None, None, ()),
            ("8367220101", GUIDE, None, 29.0, None, ()),
        )
    ),
    Example(
        "em400-mud",
        85,
        "ff0bff ff0101 ff166329c42503920003 ff090100 ff0a0101 ff0f00",
        GUIDE,
        fw="1.1",
        readings=0,
    ),
    Example("em400-tld", None, NB, MILESIGHT, (315,), 26.7, events=TILT, fw="1.1"),
    Example(
        "em410-rdl",
        85,
        "ff0bff ff0101 fffeff ff166862e21141780013 ff090100 ff0a0101 ff0f00 ffff0100",
        "github.com/thingsboard/data-converters, Milesight/EM410-RDL",
        fw="1.1",
        readings=0,
    ),
    Example("em500-udl", 85, "017564 03821E00", MILESIGHT, (30,)),
    # The manual's values, field by field: 0x0B45 = 2885 mV, 0x0B05 = 2821 mm, 0x0105 = 26.1 °C.
    *(
        Example(model, 2, "0B45 0B05 00 0105 01", DRAGINO, (2821,), 26.1, 2885)
        for model in ("ldds75", "ldds45", "dds75-lb", "dds45-lb")
    ),
    Example("ldds75", 2, "0B45 0B05 00", DRAGINO, (2821,), bat_mv=2885),
    Example("ldds75", 2, "0B49 0B05 00 FF3F 01", DRAGINO, (2821,), -19.3, 2889),
    Example(
        "ldds45", 2, "0D02 0018 00 0CCC 01", AKENZA, None, None, 3330, faults=(Fault.BLIND_ZONE,)
    ),
    Example(
        "dds75-lb", 5, "27011001000D12", AKENZA + " (model byte of DDS75)", fw="1.1.0", readings=0
    ),
    # Two catalogues read these four bytes differently; the maker's decoder says "No Sensor".
    Example("ldds75", 2, "0E1C0B05", TTN, bat_mv=3612, faults=(Fault.SENSOR_ERROR,)),
    Example(
        "dds75-nb",
        None,
        "f86778705021331700840cf41e010000396315537b",
        AKENZA + " (57 mm, which this probe cannot see)",
        bat_mv=3316,
        faults=(Fault.BLIND_ZONE,),
        fw="1.3.2",
    ),
    Example(
        "ndds75",
        None,
        "41105675647100640cd1070a1600",
        "docs.iotcreators.com, NDDS75",
        (2582,),
        bat_mv=3281,
        fw="1.0.0",
    ),
    Example(
        "dl-mbx",
        1,
        "02012f000304d200010bb1",
        "github.com/decentlab/decentlab-decoders",
        (1234,),
        bat_mv=2993,
    ),
    Example(
        "dl-mbx",
        1,
        "02012f00020bb1",
        "github.com/decentlab/decentlab-decoders",
        bat_mv=2993,
        faults=(Fault.SENSOR_ERROR,),
    ),
    Example("r718x", 6, "01 34 00 64 01 20200811 00 00", TTN, fw="10.0", readings=0),
    Example("r718x", 6, "01 34 01 24 01 012C 0107 32 0A", TTN, (300,), 26.3, 3600, 10.0, 50.0),
    Example("r718x", 7, "81 34 00 00 00 00 00 00 00 00 00", TTN, readings=0),
    Example("r718x", 7, "82 34 0384 0708 01 0064 0005", TTN, interval_s=1800, readings=0),
    Example("elt-ultrasonic", 1, "0100E2 0229 03012705 1406010111 0E2311", TTN, (8977,), 22.6),
    Example("elt-2", 5, "0100dd022b070e2e0e012c14000eb751", AKENZA, (300,), 22.1, 3630),
    Example(
        "df702",
        3,
        "80 00 01 01 11 07D0 00 19 00 00 00 00 00 00 00 81",
        TTN,
        (2000,),
        25.0,
        tilt_deg=0.0,
    ),
    Example(
        "df703",
        3,
        "80 00 01 01 19 07D0 01 CD03E942 EF272042 19 00 00 00 00 00 00 00 81",
        TTN,
        (2000,),
        25.0,
        tilt_deg=0.0,
    ),
    Example(
        "df702",
        3,
        "80 00 01 03 19 01 04 18 01 1E 4B 1E 00 00 00 00 00 00 00 00 00 00 00 00 81",
        TTN,
        fw="1.4",
        interval_s=86_400,
        readings=0,
    ),
    Example("lora-lm-xl", 1, "05DC 00 0E10 00", TTN, (1500,), bat_mv=3600, fill_pct=0.0),
    Example("lora-lm-xl", 1, "07D0 32 0BB8 00", TTN, (2000,), bat_mv=3000, fill_pct=50.0),
    Example("brighterbins", 1, "308e30", AKENZA, temp_c=31.0, fill_pct=12.0),
    Example("brighterbins", 1, "308e31", AKENZA, (3960,), -23.0),
    Example("brighterbins", 1, "FFD2380163D06808013C63C2", AKENZA, fw="1.15.1", readings=0),
    Example(
        "wilsen-sonic-level",
        None,
        "040B010041 030B0659 06020141000000 03510123",
        AKENZA,
        (650,),
        8.0,
        3500,
        fill_pct=89.0,
    ),
)


def decode(example: Example) -> Frame:
    model = find(example.model)
    assert model is not None
    return model.decode(bytes.fromhex(example.hexadecimal), example.port)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"{one.model}-{one.hexadecimal[:16]}")
def test_a_published_example_gives_the_published_values(example: Example) -> None:
    frame = decode(example)
    assert len(frame.samples) == example.readings
    assert tuple(notice.kind for notice in frame.notices) == example.events
    assert (frame.fw, frame.interval_s) == (example.fw, example.interval_s)
    for sample in frame.samples:
        assert sample.d_mm == example.d_mm
        assert sample.temp_c == example.temp_c
        assert sample.bat_mv == example.bat_mv
        assert sample.tilt_deg == example.tilt_deg
        assert sample.fill_pct == example.fill_pct
        assert sample.faults == example.faults


def test_a_model_without_a_published_example_is_known_to_have_none() -> None:
    tested = {model.name for one in EXAMPLES if (model := find(one.model))}
    assert set(registry()) - tested == {"single-sensor-3", "dds45-nb", "dds75-cb", "r718pe"}
