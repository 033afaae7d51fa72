"""What keeps the webhook from a Pod, as far as reading tells, what the Pod becomes with it, and the fixes of both."""
