"""Which embedder recalls best on financial news, measured; the reason behind the catalogue's default."""
