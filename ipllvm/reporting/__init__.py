"""One schema, many views: report.json first; Markdown, JUnit and the terminal are made from it."""
