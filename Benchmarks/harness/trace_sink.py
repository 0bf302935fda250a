"""A receiver of traces by OpenTelemetry's protocol over HTTP that takes everything and keeps nothing, so that what nodes pay for their
export can be measured without a Jaeger beside them. It prints its address, and is there until its standard input ends."""

import http.server
import sys
import threading


class Sink(http.server.BaseHTTPRequestHandler):
    # Connections stay, as a receiver's do.
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        # An ExportTraceServiceResponse without a field: all is taken.
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_) -> None:
        """Says nothing of requests."""


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()
