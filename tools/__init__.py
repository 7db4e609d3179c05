"""Set-up and checks for developers; nothing here runs in the product."""
