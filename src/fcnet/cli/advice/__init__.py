"""What users type: corrected if it is clear what is meant, else explained by what to write instead."""

__all__ = ["options", "pasted", "usage"]
