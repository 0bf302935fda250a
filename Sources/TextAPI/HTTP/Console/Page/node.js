// What the node is asked.

const timeout = 5000;

/// Why the node did not do what it was asked for.
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function call(path, options = {}) {
  let reply;
  try {
    reply = await fetch(path, { ...options, signal: AbortSignal.timeout(timeout), cache: "no-store" });
  } catch (error) {
    throw new Refusal(0, error.name === "TimeoutError" ? "the node has not answered in time" : "the node cannot be reached");
  }
  return reply;
}

async function refuse(reply) {
  const problem = await reply.json().catch(() => undefined);
  throw new Refusal(reply.status, problem?.detail ?? `the node answers ${reply.status}`);
}

async function json(path) {
  const reply = await call(path);
  return reply.ok ? reply.json() : refuse(reply);
}

export const overview = () => json("/console/overview");
export const ring = () => json("/console/ring");
export const holdings = async (bucket, key) =>
  (await json(`/console/holdings?bucket=${encodeURIComponent(bucket)}&key=${escape(key)}`)).holdings ?? [];

/// Keys are bytes.
const escape = (key) => Array.from(key, (byte) => "%" + byte.toString(16).padStart(2, "0")).join("");
const path = (bucket, rest) => `/v1/buckets/${encodeURIComponent(bucket)}/${rest}`;
const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

export const keyOf = (text) => new TextEncoder().encode(text);

/// Text where the bytes are UTF-8, else undefined.
export function textOf(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

export const nameOf = (key) => textOf(key) ?? "0x" + Array.from(key, (byte) => byte.toString(16).padStart(2, "0")).join("");

/// A page of keys: `keys`, bytes each, and `cursor`, null at the end.
export async function list(bucket, prefix, cursor) {
  const query = new URLSearchParams({ limit: "50" });
  if (prefix) query.set("prefix", prefix);
  if (cursor) query.set("cursor", cursor);
  const page = await json(path(bucket, `keys?${query.toString().replaceAll("+", "%20")}`));
  return { keys: page.keys.map((one) => one.key !== undefined ? keyOf(one.key) : fromBase64(one.key_base64)), cursor: page.cursor };
}

/// `values`, several if they are siblings, and `context`, which a write is to name.
export async function get(bucket, key) {
  const reply = await call(path(bucket, `keys/${escape(key)}`));
  const context = reply.headers.get("x-kvnode-context") ?? undefined;
  if (reply.status === 404) return { values: [], context };
  if (reply.status === 300) {
    const values = (await reply.json()).map((one) => ({
      bytes: fromBase64(one.value), type: one.content_type, dot: one.dot, time: one.timestamp, expires: one.expires,
    }));
    return { values, context };
  }
  if (!reply.ok) return refuse(reply);
  return { values: [{ bytes: new Uint8Array(await reply.arrayBuffer()), type: reply.headers.get("content-type") }], context };
}

async function write(bucket, key, context, options) {
  const headers = { ...options.headers, ...(context ? { "x-kvnode-context": context } : {}) };
  const reply = await call(path(bucket, `keys/${escape(key)}`), { ...options, headers });
  if (!reply.ok) await refuse(reply);
}

export const put = (bucket, key, bytes, type, context) =>
  write(bucket, key, context, { method: "PUT", body: bytes, headers: { "content-type": type } });

export const remove = (bucket, key, context) => write(bucket, key, context, { method: "DELETE" });
