"""The HTTP side: routes, authentication, error shapes."""
