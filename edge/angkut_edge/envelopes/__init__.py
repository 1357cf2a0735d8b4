"""The ways in which a device's message reaches the gateway: network servers, makers' JSON, ..."""
