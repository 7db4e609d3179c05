"""Small changes to a plan's files: bytes in, bytes out, everything not meant left as it was.

No database, no clock. Each edit works on the text of a file by the place an element has in it, so
that whitespace, quotes, comments and the order of attributes stay as their author wrote them.
"""
