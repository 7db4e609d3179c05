"""HTTP only: read the request, call one service, render. One blueprint a file."""
