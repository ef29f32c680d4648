"""Pages for people: plain HTML and CSS, no script, readable on a phone."""
