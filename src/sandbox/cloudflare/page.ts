/** What people see at `/`: the zones with their records and rules, and whose they are. */
import { html } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import type { DnsRecord, Rule, Ruleset, Zone } from "./zone.ts";

type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

export const PAGE_HEADERS = {
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
  "x-content-type-options": "nosniff",
};

export function zonesPage(zones: readonly Zone[]): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>Cloudflare sandbox</title>
        <style>
          body {
            font:
              15px/1.5 system-ui,
              sans-serif;
            margin: 2rem auto;
            max-width: 75rem;
            padding: 0 1rem;
            color: #1b1b1f;
            background: #fff;
          }
          table {
            border-collapse: collapse;
            width: 100%;
            margin-bottom: 1rem;
          }
          th,
          td {
            text-align: left;
            padding: 0.3rem 0.6rem;
            border-bottom: 1px solid #ddd;
            vertical-align: top;
            overflow-wrap: anywhere;
          }
          .ours {
            background: #eef6ee;
          }
          code {
            font-size: 0.9em;
          }
        </style>
      </head>
      <body>
        <h1>Cloudflare sandbox</h1>
        ${zones.map(zoneSection)}
      </body>
    </html>`;
}

function zoneSection(zone: Zone): Html {
  const records = [...zone.records.values()].toSorted((a, b) => (`${a.name} ${a.type}` < `${b.name} ${b.type}` ? -1 : 1));
  const rulesets = [...zone.rulesets.values()].filter(({ kind }) => kind !== "managed");
  return html`<h2>${zone.name} <small>(${zone.plan})</small></h2>
    <table>
      <thead>
        <tr>
          <th>Type</th>
          <th>Name</th>
          <th>Content</th>
          <th>Proxied</th>
          <th>TTL</th>
          <th>Owner's mark</th>
        </tr>
      </thead>
      <tbody>
        ${
          records.length === 0
            ? html`<tr>
                <td colspan="6">No records.</td>
              </tr>`
            : records.map(recordRow)
        }
      </tbody>
    </table>
    ${rulesets.map(rulesetSection)}`;
}

function recordRow({ type, name, content, proxied, ttl, comment }: DnsRecord): Html {
  return html`<tr class="${comment?.startsWith("claimbot/") ? "ours" : ""}">
    <td>${type}</td>
    <td>${name}</td>
    <td>${content}</td>
    <td>${proxied ? "proxied" : "DNS only"}</td>
    <td>${ttl === 1 ? "auto" : `${ttl} s`}</td>
    <td>${comment ?? "none"}</td>
  </tr>`;
}

function rulesetSection({ phase, version, rules }: Ruleset): Html {
  return html`<h3>${phase} <small>version ${version}</small></h3>
    <table>
      <thead>
        <tr>
          <th>Ref</th>
          <th>Action</th>
          <th>Expression</th>
          <th>Rate limit</th>
          <th>Description</th>
        </tr>
      </thead>
      <tbody>
        ${
          rules.length === 0
            ? html`<tr>
                <td colspan="5">No rules.</td>
              </tr>`
            : rules.map(ruleRow)
        }
      </tbody>
    </table>`;
}

function ruleRow({ ref, action, expression, ratelimit, description, enabled }: Rule): Html {
  const limit = ratelimit && `${String(ratelimit["requests_per_period"])} per ${String(ratelimit["period"])} s`;
  return html`<tr class="${ref.startsWith("claimbot.") ? "ours" : ""}">
    <td>${ref}</td>
    <td>${action}${enabled ? "" : " (off)"}</td>
    <td><code>${expression}</code></td>
    <td>${limit ?? ""}</td>
    <td>${description ?? ""}</td>
  </tr>`;
}
