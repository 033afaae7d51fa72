"""The ports of `app.flow.ports` over the `kubernetes` client, boto3 and urllib3.

Importing this package is cheap; its modules pull in the big libraries when they are first used.
"""
