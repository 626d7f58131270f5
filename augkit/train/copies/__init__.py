"""Pictures that are copies of others: mirrored, turned, cropped, in other colours, saved again."""
