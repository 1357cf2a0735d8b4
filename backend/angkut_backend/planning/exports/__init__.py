"""Plans in forms for people and other programs: run sheet, tables, maps, navigation."""
