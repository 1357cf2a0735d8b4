"""Simulated bins and their sensors, speaking the wire contract over real MQTT."""
