"""From MQTT to the database."""
