"""What running notebooks needs of the machine, and which of our files a notebook uses."""
