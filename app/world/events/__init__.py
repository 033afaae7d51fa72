"""What is asked of one world, and by which tool, as numbered events: from its servers to the pages that are open."""
