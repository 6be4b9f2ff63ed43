"""What `benchmarks.load` needs: tabs without a browser, servers, and the app to compare with."""
