"""What a training needs around its loop: preparing it, recording it, resuming it, images for several of them."""

__all__ = ["finished", "prepare", "recorder", "resume", "shelf", "teacher", "warm_start"]
