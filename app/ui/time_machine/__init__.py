"""The page on which a world moves along its clock."""
