"""The settings of the site that `make docs` builds; see docs/adr for the choice of generator."""

project = "Tocsin"
author = "The founders of Tocsin"
extensions = ["myst_parser"]
exclude_patterns: list[str] = []

html_theme = "furo"
html_title = "Tocsin"
html_copy_source = False
html_show_copyright = False
html_use_index = False
# A page reads the same on every machine: no date of the build.
html_last_updated_fmt = None

myst_enable_extensions = ["colon_fence"]
# Links lead to headings by the name that the repository's own viewer gives them.
myst_heading_anchors = 4
nitpicky = True
