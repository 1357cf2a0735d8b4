"""People, sessions, tokens and the audit log."""
