"""The pages to look things up in: the glossary, the misconceptions, and five schemes side by side."""
