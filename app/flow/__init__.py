"""What IRSA *is*: the model, the steps and the algorithms.

No Streamlit, boto3, kubernetes or sockets.
"""
