"""Models behind an address: one client of OpenAI's chat protocol, for judges and for models under test."""
