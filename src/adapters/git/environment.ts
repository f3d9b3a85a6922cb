/** What git sees of the world: nearly nothing. Nobody's configuration, hooks, helpers, attributes, prompts or `.netrc`. */
import { devNull } from "node:os";
import type { Secret } from "../../core/secret.ts";

/** Of our own surroundings only what finding programs, proxies and certificates takes. */
const INHERITED = [
  "PATH",
  "SystemRoot",
  "TMPDIR",
  "TEMP",
  "http_proxy",
  "https_proxy",
  "HTTPS_PROXY",
  "no_proxy",
  "NO_PROXY",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
] as const;

interface GitCredentials {
  /** The header goes to this origin only. */
  readonly origin: string;
  readonly username: string;
  readonly token: Secret;
}

interface BareEnvironment {
  /** The bare repository: git does not look for another one. */
  readonly gitDirectory: string;
  readonly credentials?: GitCredentials | undefined;
}

/** For a bare repository of ours. Credentials travel as configuration in the environment: never in a URL, an argument or a file. */
export function bareEnvironment({ gitDirectory, credentials }: BareEnvironment): Readonly<Record<string, string>> {
  const config: [string, string][] = [
    ["core.hooksPath", devNull],
    ["core.attributesFile", devNull],
    ["core.fsmonitor", "false"],
    ["credential.helper", ""],
    ["http.followRedirects", "false"],
    ["http.lowSpeedLimit", "1000"],
    ["http.lowSpeedTime", "30"],
    ["protocol.version", "2"],
    ["gc.autoDetach", "false"],
    ["maintenance.autoDetach", "false"],
  ];
  if (credentials) {
    const basic = Buffer.from(`${credentials.username}:${credentials.token.reveal()}`).toString("base64");
    config.push([`http.${credentials.origin}/.extraHeader`, `Authorization: Basic ${basic}`]);
  }
  return {
    ...inherited(),
    ...configuration(config),
    GIT_DIR: gitDirectory,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: devNull,
    GIT_ATTR_NOSYSTEM: "1",
    GIT_NO_REPLACE_OBJECTS: "1",
    // The same as protocol.allow=never with these two allowed; that http goes to loopback only is checked where the URL comes in.
    GIT_ALLOW_PROTOCOL: "https:http",
    // Nobody's .netrc.
    HOME: gitDirectory,
  };
}

/** For a person's own repository: their configuration holds (line ends, ignored files), but nothing of it is run, and nothing is written. */
export function personalEnvironment(): Readonly<Record<string, string>> {
  return {
    ...inherited(),
    ...pick(["HOME", "USERPROFILE", "XDG_CONFIG_HOME"]),
    ...configuration([
      ["core.hooksPath", devNull],
      ["core.fsmonitor", "false"],
    ]),
    GIT_OPTIONAL_LOCKS: "0",
  };
}

function inherited(): Record<string, string> {
  const authority = process.env["GIT_SSL_CAINFO"] ?? process.env["NODE_EXTRA_CA_CERTS"];
  return {
    ...pick(INHERITED),
    // One setting for both clients. For git it replaces the system's authorities, which a host with its own does not need.
    ...(authority !== undefined && { GIT_SSL_CAINFO: authority }),
    GIT_TERMINAL_PROMPT: "0",
    // Messages are read by `failure.ts`.
    LC_ALL: "C",
  };
}

function pick(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name): [string, string][] => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function configuration(entries: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries([
    ["GIT_CONFIG_COUNT", String(entries.length)],
    ...entries.flatMap(([key, value], index) => [
      [`GIT_CONFIG_KEY_${index}`, key],
      [`GIT_CONFIG_VALUE_${index}`, value],
    ]),
  ]) as Record<string, string>;
}
