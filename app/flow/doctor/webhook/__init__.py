"""What keeps the webhook from a Pod, what the webhook makes of a Pod, and the fixes for both."""
