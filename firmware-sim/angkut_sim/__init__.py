"""Simulated bins and their sensors, speaking the wire contract over real MQTT.

`backfill.backfill` publishes weeks of history, `live.live` reports until it is told to stop;
both simulate the devices of a `fleet_file.FleetFile` against a `fleet_file.BrokerAddress`.
"""
