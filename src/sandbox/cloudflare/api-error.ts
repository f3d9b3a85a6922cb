/** A refusal, as Cloudflare words it. Codes and messages are those that public reports show (2026-11); see each use. */
export interface ErrorItem {
  readonly code: number;
  readonly message: string;
  readonly source?: { readonly pointer: string };
  readonly error_chain?: readonly { readonly code: number; readonly message: string }[];
}

export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: 400 | 401 | 403 | 404 | 429;
  readonly errors: readonly ErrorItem[];

  constructor(status: ApiError["status"], errors: readonly ErrorItem[]) {
    super(errors.map(({ code, message }) => `${message} (${code})`).join("; "));
    this.status = status;
    this.errors = errors;
  }
}

export function refusal(status: ApiError["status"], code: number, message: string): ApiError {
  return new ApiError(status, [{ code, message }]);
}

/** DNS hides its reason in a chain below "DNS Validation Error". */
export function dnsInvalid(code: number, message: string): ApiError {
  return new ApiError(400, [{ code: 1004, message: "DNS Validation Error", error_chain: [{ code, message }] }]);
}

export function badBody(detail: string): ApiError {
  return refusal(400, 9207, `Request body is invalid: ${detail}.`);
}

/** The one form in which rulesets refuse a value: code 20217 with a pointer to it. */
export function notValid(value: unknown, pointer: string, reason: string): ErrorItem {
  const field = pointer.split("/").at(-1) ?? "";
  const shown = typeof value === "string" ? value : JSON.stringify(value);
  return { code: 20_217, message: `'${shown}' is not a valid value for ${field} because ${reason}`, source: { pointer } };
}
