"""Model families: how each cuts pictures into visual tokens. Everything else they share."""
