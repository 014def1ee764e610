"""Classify images that people provide: files, uploads to the web app."""
