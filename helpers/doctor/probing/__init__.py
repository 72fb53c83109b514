"""The program under examination: how to run it, change it a little, read its data, and put all of it back."""
