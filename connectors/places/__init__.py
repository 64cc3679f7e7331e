"""Where data lies: a folder, a file, a zip, a bucket. Each gives file names and their bytes, nothing more."""
