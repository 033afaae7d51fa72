"""The pages that tell the story: home, the first minute, and why there is IRSA at all."""
