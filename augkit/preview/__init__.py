"""Previews of what a pipeline makes: contact sheets, pages, and the gallery of transforms."""

from augkit.pipeline.sentences import defaults, explain, headline
from augkit.preview.gallery import gallery
from augkit.preview.html_page import contact_page
from augkit.preview.sheet import contact_sheet
from augkit.preview.showing import Showing, show

__all__ = ["Showing", "contact_page", "contact_sheet", "defaults", "explain", "gallery", "headline", "show"]
