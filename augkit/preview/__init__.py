"""What one looks at before expanding: contact sheets, the gallery of transforms, and the pipeline in sentences."""

from __future__ import annotations

from augkit.pipeline.sentences import defaults, explain, headline
from augkit.preview.gallery import gallery
from augkit.preview.html_page import contact_page
from augkit.preview.sheet import contact_sheet

__all__ = ["contact_page", "contact_sheet", "defaults", "explain", "gallery", "headline"]
