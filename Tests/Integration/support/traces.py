"""Receivers of OpenTelemetry's protocol that are not ours, and the trees of the spans that come to them."""

import asyncio
import http.server
import secrets
import ssl
import threading
from concurrent import futures
from dataclasses import dataclass, field

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest, ExportTraceServiceResponse)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer, add_TraceServiceServicer_to_server)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from oteltap import OtelTapHttpProtobufReceiver, OtelTapHttpProtobufReceiverSettings

from .certificates import Authority
from .ports import free_port

SERVER, CLIENT, INTERNAL = Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_INTERNAL
FAILED = Status.STATUS_CODE_ERROR


class TraceID(str):
    """A trace that a client begins: 32 digits."""

    @classmethod
    def new(cls) -> "TraceID":
        return cls(secrets.token_hex(16))

    def parent(self, is_sampled: bool = True) -> "Parent":
        return Parent(self, secrets.token_hex(8), is_sampled)


@dataclass
class Parent:
    """The client's span."""

    trace: TraceID
    span: str
    is_sampled: bool

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace}-{self.span}-{'01' if self.is_sampled else '00'}"


@dataclass
class Tree:
    """A span, and those that it has asked for."""

    span: Span
    children: list["Tree"] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.span.name

    @property
    def attributes(self) -> dict:
        return attributes(self.span)

    @property
    def size(self) -> int:
        return 1 + sum(child.size for child in self.children)

    def of_kind(self, kind: int) -> list["Tree"]:
        return [child for child in self.children if child.span.kind == kind]

    def shows(self, depth: int = 0) -> str:
        """For people, when a test fails."""
        span = self.span
        line = f"{'  ' * depth}{span.name} [{Span.SpanKind.Name(span.kind)}] {self.attributes}\n"
        return line + "".join(child.shows(depth + 1) for child in self.children)


def attributes(message) -> dict:
    """Of a span, an event or a resource."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in message.attributes}


def tree(spans: list[Span], parent: Parent) -> Tree:
    """The one tree that the spans of a trace are; its root is what the client's span has asked for."""
    nodes = {span.span_id: Tree(span) for span in spans}
    assert len(nodes) == len(spans), "a span came twice"
    roots = []
    for node in nodes.values():
        above = nodes.get(node.span.parent_span_id)
        (above.children if above else roots).append(node)
    assert len(roots) == 1, "no single root:\n" + "".join(root.shows() for root in roots)
    assert roots[0].span.parent_span_id.hex() == parent.span, roots[0].shows()
    return roots[0]


def spans_of(request: ExportTraceServiceRequest) -> list[Span]:
    return [span for process in request.resource_spans for scope in process.scope_spans for span in scope.spans]


class Receiver:
    """What has come to a receiver. Any thread."""

    port: int

    def __init__(self):
        self._lock = threading.Lock()
        self._spans: list[Span] = []

    def _add(self, span: Span) -> None:
        with self._lock:
            self._spans.append(span)

    def spans(self, trace: str | None = None) -> list[Span]:
        """Those of one trace, or all."""
        with self._lock:
            return [span for span in self._spans if trace is None or span.trace_id.hex() == trace]


class HTTPReceiver(Receiver):
    """OTLP over HTTP: oteltap's, on a loop of its own."""

    def __init__(self, port: int | None = None):
        super().__init__()
        self.port = port or free_port()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._receiver = OtelTapHttpProtobufReceiver(OtelTapHttpProtobufReceiverSettings(http_port=self.port))
        self._run(self._receiver.start())
        self._reading = asyncio.run_coroutine_threadsafe(self._read(), self._loop)

    @property
    def settings(self) -> dict:
        return {"endpoint": f"http://127.0.0.1:{self.port}", "protocol": "http"}

    async def _read(self) -> None:
        async for span in self._receiver.stream_traces():
            self._add(span)

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def stop(self) -> None:
        self._run(self._receiver.stop())
        self._reading.result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()


class HTTPSReceiver(Receiver):
    """OTLP over HTTP with TLS, which oteltap does not speak: by the official definitions."""

    def __init__(self, authority: Authority):
        super().__init__()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(handler):
                body = handler.rfile.read(int(handler.headers["Content-Length"]))
                for span in spans_of(ExportTraceServiceRequest.FromString(body)):
                    self._add(span)
                handler.send_response(200)
                handler.send_header("Content-Length", "0")
                handler.end_headers()

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.certificate("receiver"), authority.key("receiver"))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def settings(self) -> dict:
        return {"endpoint": f"https://127.0.0.1:{self.port}", "protocol": "http"}

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(30)


class GRPCReceiver(Receiver, TraceServiceServicer):
    """OTLP over gRPC, by the official definitions; it keeps resources and metadata too. With an authority, it speaks TLS."""

    def __init__(self, authority: Authority | None = None):
        super().__init__()
        self._scheme = "https" if authority else "http"
        self.resources: list[dict] = []
        self.metadata: list[dict] = []
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
        add_TraceServiceServicer_to_server(self, self._server)
        if authority:
            files = authority.key("receiver").read_bytes(), authority.certificate("receiver").read_bytes()
            self.port = self._server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([files]))
        else:
            self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    @property
    def settings(self) -> dict:
        return {"endpoint": f"{self._scheme}://127.0.0.1:{self.port}", "protocol": "grpc"}

    def Export(self, request, context):
        with self._lock:
            self.metadata.append(dict(context.invocation_metadata()))
            self.resources += [attributes(process.resource) for process in request.resource_spans]
        for span in spans_of(request):
            self._add(span)
        return ExportTraceServiceResponse()

    def stop(self) -> None:
        self._server.stop(0).wait(30)
