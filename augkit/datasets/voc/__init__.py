"""Files of Pascal VOC: annotations and lists."""
