"""Where images come from: one module per kind, found by its name, `download.kind`.

Each module has one function, `fetch(download, into)`, which writes one archive into the empty
folder `into` and returns a `convline.sources.provenance.Provenance`. CONTRIBUTING.md shows how to
add one.
"""
