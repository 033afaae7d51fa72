"""The pages that tell the story: home, and why there is IRSA at all."""
