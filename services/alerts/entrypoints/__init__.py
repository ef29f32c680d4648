"""The HTTP application that joins the routes of the wings with the pages."""
