"""The web service, in parts. None of them imports torch."""
