"""What runs have found, side by side: lists of runs, and comparisons of groups of them."""
