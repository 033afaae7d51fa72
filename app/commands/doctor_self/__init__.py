"""`doctor-self`: examines this machine, and says which parts of the app will not work here and why."""
