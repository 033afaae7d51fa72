"""The attacks: each a row of what is sent, what a right answer is, and what it may cost.

They were found against this app. The inputs are as large as they were then; how many are sent depends on who asks.
"""

from tests.attack.on_connections import ON_CONNECTIONS
from tests.attack.on_pages import ON_PAGES
from tests.attack.on_routes import ON_ROUTES
from tests.attack.on_world import ON_WORLD

ATTACKS = (*ON_WORLD, *ON_PAGES, *ON_ROUTES, *ON_CONNECTIONS)
