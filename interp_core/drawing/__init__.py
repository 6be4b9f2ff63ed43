"""Records as pictures: the frame behind a chart, and the chart that fits.

Pages, reports and notebooks draw with these. `records` lists the pictures of every record.
"""
