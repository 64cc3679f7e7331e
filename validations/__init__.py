"""The rules as data, and their two compilations: Great Expectations for the verdict, Polars for the full list."""
