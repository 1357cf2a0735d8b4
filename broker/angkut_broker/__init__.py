"""The wire contract: topics, messages, broker access. Imported by all, imports none of them."""

__version__ = "0.1.0"
