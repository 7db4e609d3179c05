"""What Planroom costs, measured: `make bench`."""
