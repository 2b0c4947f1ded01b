"""How files are read and written: whole or not at all, and never larger, deeper or stranger than their reader expects.

Nothing here knows what a file means.  A reader bounds a file's size before anything is allocated, and hands on
plain values; what they must look like stands with whoever reads them.
"""
