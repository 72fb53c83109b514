"""How the book is made: running chapters, the results page, the Colab editions."""
