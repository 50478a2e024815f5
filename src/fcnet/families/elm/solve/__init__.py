"""Output weights in closed form: problems, sums over the images, and solvers."""

__all__ = ["least_squares", "problems", "seen_images", "solution", "sums"]
