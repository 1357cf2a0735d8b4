"""Edge gateway: decodes device payloads, keeps them on disk and forwards them upstream."""
