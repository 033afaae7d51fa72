"""The lab: a fault is caused in this browser's world, predicted, diagnosed and fixed."""

from app.ui.lab.page import break_it as break_it
from app.ui.lab.strip import strip as strip
from app.ui.lab.trial import is_hidden as is_hidden
