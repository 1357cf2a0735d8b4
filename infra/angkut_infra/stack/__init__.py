"""The embedded stack: database, broker and services as child processes of one parent."""
