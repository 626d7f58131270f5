"""Files of YOLO: settings, lists, lines and layouts, read and written; and the text of DOTA."""
