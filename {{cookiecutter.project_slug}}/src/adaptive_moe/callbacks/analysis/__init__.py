"""Which tokens get two experts: from the routings of a validation to tables, marked texts and a page.

Read in the order routed, counts, tables, marked_text, section, page.
"""

from .routing_analysis import RoutingAnalysis as RoutingAnalysis
