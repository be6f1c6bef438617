"""The last stage: the audit of numbers, the research object and the page of results."""
