"""One Markdown file a prompt; rendering is strict: a missing or unknown variable is an error."""

from prompts.library import PromptFile, PromptLibrary

__all__ = ["PromptFile", "PromptLibrary"]
