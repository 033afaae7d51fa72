"""The pages for reference: the glossary, the misconceptions, and five schemes side by side."""
