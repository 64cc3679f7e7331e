"""Report templates, and the renderer that turns contents into PDF pages with ReportLab."""

from report_templates.conformance import check_conformance
from report_templates.html_page import render_html
from report_templates.letter import render_letter
from report_templates.library import list_templates, load_template
from report_templates.render import render

__all__ = ["check_conformance", "list_templates", "load_template", "render", "render_html", "render_letter"]
