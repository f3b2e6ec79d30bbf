#!/usr/bin/python3
"""zone-weight.py ZONE WEIGHT SOCKET ...: the weight of a zone on each edge, over HAProxy's runtime API."""
import socket
import sys

zone, weight, *edges = sys.argv[1:]
for edge in edges:
    with socket.socket(socket.AF_UNIX) as haproxy:
        haproxy.settimeout(5)
        haproxy.connect(edge)
        haproxy.sendall(f"set server checkout/{zone} weight {int(weight)}\n".encode())
        answer = haproxy.makefile().read().strip()
    if answer:
        sys.exit(f"{edge}: {answer}")
    print(f"{edge}: {zone} has weight {weight}")
