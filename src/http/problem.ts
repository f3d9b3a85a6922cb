/** Errors as problem+json (RFC 9457), without a word about what is behind them. */

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  404: "Not Found",
  413: "Content Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

export function problem(status: 400 | 401 | 404 | 413 | 500 | 503, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${JSON.stringify({ type: "about:blank", title: TITLES[status], status })}\n`, {
    status,
    headers: { "content-type": "application/problem+json", ...headers },
  });
}
