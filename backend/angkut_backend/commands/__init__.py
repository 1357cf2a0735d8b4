"""Commands to devices: asked for, sent, sent again, answered."""
