/** A raw request signed by AWS Signature Version 4, written apart from the server's own reading of it, to say what the SDK would never say. */
import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface RawRequest {
  readonly method?: string;
  /** Decoded, from `/bucket` on. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** All are signed. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** When it says that it was signed. */
  readonly at?: Date;
  readonly service?: string;
  /** What it says of its body; the truth without. */
  readonly bodyDigest?: string;
  /** Changes the headers after they were signed. */
  readonly afterSigning?: (headers: Record<string, string>) => void;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** S3's code of a refusal, in the body or in MinIO's header of a HEAD; empty for none. */
  readonly code: string;
}

export async function signedFetch(server: string, keys: Keys, raw: RawRequest): Promise<RawAnswer> {
  const { method = "GET", path, query = {}, body = "", at = new Date(), service = "s3" } = raw;
  const url = new URL(server);
  const time = at.toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const headers: Record<string, string> = {
    host: url.host,
    "x-amz-date": time,
    "x-amz-content-sha256": raw.bodyDigest ?? sha256(body),
    ...raw.headers,
  };
  const target = path.split("/").map(encode).join("/");
  const pairs = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`);
  const search = pairs.toSorted().join("&");
  const names = Object.keys(headers).toSorted();
  const canonical = [
    method,
    target,
    search,
    ...names.map((name) => `${name}:${headers[name] ?? ""}`),
    "",
    names.join(";"),
    headers["x-amz-content-sha256"],
  ].join("\n");
  const scope = [time.slice(0, 8), "us-east-1", service, "aws4_request"];
  const key = scope.reduce<string | Buffer>((key, part) => hmac(key, part), `AWS4${keys.secretAccessKey}`);
  const signature = hmac(key, ["AWS4-HMAC-SHA256", time, scope.join("/"), sha256(canonical)].join("\n")).toString("hex");
  headers["authorization"] =
    `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope.join("/")}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  if (method !== "GET" && method !== "HEAD") headers["content-length"] = String(Buffer.byteLength(body));
  raw.afterSigning?.(headers);
  const sent = request({
    host: url.hostname,
    port: url.port,
    method,
    path: search === "" ? target : `${target}?${search}`,
    headers,
  });
  sent.end(body);
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const code = /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? answer.headers["x-minio-error-code"] ?? "";
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: text, code: String(code) };
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase()}`);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
