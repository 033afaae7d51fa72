"""The pages to look things up in: the glossary and the misconceptions."""
