"""What laboratories and guides agree on, as versioned data: units, levels of the FDA guide, grades of CTCAE."""
