"""Networks: what a spectrum goes through. They know nothing of surveys or studies."""
