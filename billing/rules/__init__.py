"""Pure arithmetic on plain values: the standard library only, no clock, no database."""
