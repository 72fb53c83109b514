"""Extensions that Sphinx loads by their own names: captions, folded cells, links to the glossary."""
