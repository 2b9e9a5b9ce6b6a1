"""The widget and integration API: doors that check the caller, read the clock and make one call of a verb."""
