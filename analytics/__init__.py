"""What the money says: figures, lists and workbooks of one account. Reads billing's facts, writes none."""
