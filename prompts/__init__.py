"""One Markdown file a prompt; rendering is strict: a missing or unknown variable is an error."""
