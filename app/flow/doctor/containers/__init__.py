"""What the containers of a Pod can read, what their SDKs find before the token, and what helps where that is wrong."""
