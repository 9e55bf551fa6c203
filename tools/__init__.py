"""Read-only functions a chat model may call; each returns records. Nothing here writes without a person's consent."""
