"""Site packs: the plain files that describe one district, read (`pack`) and loaded (`load`)."""
