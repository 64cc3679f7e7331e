"""Report templates, and the renderer that turns contents into PDF pages with ReportLab."""
