"""What a token says, part by part, and what becomes of it when somebody changes it."""
