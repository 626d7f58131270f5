"""Files of COCO: their categories, entries and pictures, read and written."""
