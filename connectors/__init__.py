"""Where data comes from and where evidence is kept: files, zips, buckets; the snapshot store; the archive."""
