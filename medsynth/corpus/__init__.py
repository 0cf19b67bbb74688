"""The corpus on disk: schema, writer, reader, proof, card and report."""
