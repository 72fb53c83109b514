"""Writes what the book shows: pages from executed chapters, and the head of each chapter."""
