"""The report: what the sections of plugins draw, laid out for a reader, as one HTML file or as text.

`composing` asks the workers, `html` and `text` lay out; nothing of a plugin's reaches a page but typed parts.
"""
