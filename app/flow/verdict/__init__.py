"""What a walk shows: the first broken link, the causes that a refusal may have, and where the break is seen."""
