/** A refusal, as S3 words it. Status, code and message of each are MinIO's (master of 2026-02-12, measured 2026-11-24). */

const REFUSALS = {
  AccessDenied: [403, "Access Denied."],
  AuthorizationParametersError: [400, "Error parsing the Credential/X-Amz-Credential parameter."],
  BadDigest: [400, "The Content-Md5 you specified did not match what we received."],
  BucketAlreadyOwnedByYou: [409, "Your previous request to create the named bucket succeeded and you already own it."],
  InternalError: [500, "We encountered an internal error, please try again."],
  InvalidAccessKeyId: [403, "The Access Key Id you provided does not exist in our records."],
  InvalidArgument: [400, "Invalid argument."],
  InvalidBucketName: [400, "The specified bucket is not valid."],
  InvalidDigest: [400, "The Content-Md5 you specified is not valid."],
  InvalidRequest: [400, "Invalid request."],
  InvalidTokenId: [403, "The security token included in the request is invalid"],
  KeyTooLongError: [400, "Your key is too long"],
  MalformedXML: [400, "The XML you provided was not well-formed or did not validate against our published schema."],
  MethodNotAllowed: [405, "The specified method is not allowed against this resource."],
  MissingContentLength: [411, "You must provide the Content-Length HTTP header."],
  MissingContentMD5: [400, "Missing or invalid required header for this request: Content-Md5 or Amz-Content-Checksum"],
  MissingFields: [400, "Missing fields in request."],
  NoSuchBucket: [404, "The specified bucket does not exist"],
  NoSuchKey: [404, "The specified key does not exist."],
  NoSuchObjectLockConfiguration: [400, "The specified object does not have a ObjectLock configuration"],
  NoSuchVersion: [404, "The specified version does not exist."],
  NotImplemented: [501, "A header you provided implies functionality that is not implemented"],
  ObjectLockConfigurationNotFoundError: [404, "Object Lock configuration does not exist for this bucket"],
  PreconditionFailed: [412, "At least one of the pre-conditions you specified did not hold"],
  RequestTimeTooSkewed: [403, "The difference between the request time and the server's time is too large."],
  ServiceUnavailable: [503, "The server is currently unavailable"],
  SignatureDoesNotMatch: [
    403,
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
  ],
  // AWS says so; MinIO has one for reads and one for writes.
  SlowDown: [503, "Please reduce your request rate."],
  SlowDownRead: [503, "Resource requested is unreadable, please reduce your request rate"],
  SlowDownWrite: [503, "Resource requested is unwritable, please reduce your request rate"],
  XAmzContentChecksumMismatch: [400, "The provided 'x-amz-checksum' header does not match what was computed."],
  XAmzContentSHA256Mismatch: [400, "The provided 'x-amz-content-sha256' header does not match what was computed."],
  XMinioInvalidObjectName: [400, "Object name contains unsupported characters."],
  XMinioInvalidResourceName: [400, 'Resource name contains bad components such as ".." or ".".'],
} as const satisfies Record<string, readonly [number, string]>;

export type S3Code = keyof typeof REFUSALS;

export class S3Error extends Error {
  override readonly name = "S3Error";
  readonly code: S3Code;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  /** Headers go with the answer, such as the ETag of what is there. */
  constructor(code: S3Code, options: { message?: string; status?: number; headers?: Readonly<Record<string, string>> } = {}) {
    const [status, message] = REFUSALS[code];
    super(options.message ?? message);
    this.code = code;
    this.status = options.status ?? status;
    this.headers = options.headers ?? {};
  }
}
