"""Tools for developers: start the app for a browser, take the guide's pictures."""
