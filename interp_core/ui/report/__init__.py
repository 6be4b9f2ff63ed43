"""The report of a session: adding pictures to it, and the page that orders and exports them."""
