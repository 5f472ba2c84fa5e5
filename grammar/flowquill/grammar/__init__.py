"""The Flowquill language: text in, results out. Imports no model, no protocol and no other room of the house."""
