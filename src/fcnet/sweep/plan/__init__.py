"""From a sweep file, or words of the command line, to the runs of a sweep: each checked, named and identified.

Nothing here imports torch: a plan is checked before anything is trained, and quickly.
"""
