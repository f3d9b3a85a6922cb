/** What a request is about, read off its address. Path style only. */
import { S3Error } from "./refusal.ts";

export interface Address {
  readonly path: string;
  readonly bucketName: string;
  readonly key: string;
  readonly query: URLSearchParams;
}

/** `/bucket/key/with/slashes?…`, as it came over the wire: nothing is resolved. */
export function readAddress(target: string): Address {
  const [rawPath = "/", ...rest] = target.split("?");
  const path = decodeURIComponent(rawPath);
  const [, bucketName = "", ...segments] = path.split("/");
  return { path, bucketName, key: segments.join("/"), query: new URLSearchParams(rest.join("?")) };
}

/** Throws S3Error for a key that MinIO takes for none, or for a directory. */
export function checkKey(key: string): void {
  const segments = key.split("/");
  if (segments.some((segment) => segment === "." || segment === "..")) throw new S3Error("XMinioInvalidResourceName");
  if (Buffer.byteLength(key) > 1024) throw new S3Error("KeyTooLongError");
  // A key that ends in a slash is a directory to MinIO, with rules of its own.
  if (key.endsWith("/")) throw new S3Error("NotImplemented");
  if (key !== "" && segments.some((segment) => segment === "" || Buffer.byteLength(segment) > 255))
    throw new S3Error("XMinioInvalidObjectName");
}
