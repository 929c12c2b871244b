"""Other people's programs that ipllvm works inside of; each module needs the package it is named for."""
