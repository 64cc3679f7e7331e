"""From a template to the contents of a document, and the states a report can be in."""
