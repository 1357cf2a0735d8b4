"""The event stream: the whole state first, then only changes."""
