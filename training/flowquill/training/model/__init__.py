"""The default model: a pretrained encoder that reads the request and a decoder that points. Imports torch."""
