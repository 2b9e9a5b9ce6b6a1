"""Numbered documents and their rendering; knows finished values, not money."""
