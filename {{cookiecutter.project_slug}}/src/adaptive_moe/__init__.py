"""Transformers with adaptive mixture-of-experts blocks, trained through the Lightning CLI."""
