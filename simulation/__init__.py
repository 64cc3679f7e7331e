"""The bundled study: a seeded generator of a stem-cell-islet trial, with the truth it was made from."""
