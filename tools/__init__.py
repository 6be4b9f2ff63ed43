"""Tools for developers: start the app for a browser, take the README's pictures."""
