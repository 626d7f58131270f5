"""Tables of pictures: files, columns, rows and cells, in any usual spelling."""
