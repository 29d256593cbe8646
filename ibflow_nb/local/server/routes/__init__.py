"""The handlers of the API's calls, one module a family."""
