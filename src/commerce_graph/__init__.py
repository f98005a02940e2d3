"""A GraphQL commerce server: one federated schema from catalogue to paid order."""
