"""`doctor-self`: looks at this machine, and says what of the app will be off here and why."""
