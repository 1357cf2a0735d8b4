"""Backend: from MQTT to the database, and from the database to the page."""
