/** IP addresses and networks: their syntax, and which of them nobody on the internet has. */

export interface Network {
  readonly version: 4 | 6;
  /** The address as a number of 32 or 128 bits. */
  readonly address: bigint;
  readonly prefix: number;
}

/** An address, or a network in CIDR notation. Undefined for all else (also for leading zeros, which some read as octal). */
export function parseNetwork(text: string): Network | undefined {
  const [address = "", length, ...more] = text.split("/");
  if (more.length > 0 || (length !== undefined && !/^(0|[1-9]\d{0,2})$/.test(length))) return undefined;
  const version = address.includes(":") ? 6 : 4;
  const bits = version === 6 ? 128 : 32;
  const value = version === 6 ? parseIpv6(address) : parseIpv4(address);
  const prefix = length === undefined ? bits : Number(length);
  return value === undefined || prefix > bits ? undefined : { version, address: value, prefix };
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const all = [...head, ...tail];
  const missing = 8 - all.length;
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) || (halves.length === 2 ? missing < 1 : missing !== 0))
    return undefined;
  const groups = halves.length === 2 ? [...head, ...Array.from({ length: missing }, () => "0"), ...tail] : all;
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

/** Bits of the address that are not part of the network. */
export function hasHostBits(network: Network): boolean {
  return network.address !== networkAddress(network);
}

/** `203.0.113.0/24` for `203.0.113.7/24`; IPv4 only in dotted form, IPv6 in the form of RFC 5952. */
export function formatNetwork(network: Network): string {
  const address = networkAddress(network);
  const text = network.version === 4 ? formatIpv4(address) : formatIpv6(address);
  return network.prefix === bitsOf(network) ? text : `${text}/${network.prefix}`;
}

function formatIpv4(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 255n)).join(".");
}

function formatIpv6(address: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((address >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  const zeros = [...groups.join(":").matchAll(/(?:^|(?<=:))0(?::0)+(?=:|$)/g)].map(([run]) => run);
  const longest = zeros.toSorted((a, b) => b.length - a.length)[0];
  if (longest === undefined) return groups.join(":");
  const text = groups.join(":");
  const at = text.search(new RegExp(`(?:^|(?<=:))${longest}(?=:|$)`));
  return `${text.slice(0, at).replace(/:$/, "")}::${text.slice(at + longest.length).replace(/^:/, "")}`;
}

/** IANA special-purpose registries (as known on 2026-11-24; not fetched), without the documentation networks: examples may use those. */
const SPECIAL = [
  ["0.0.0.0/8", "this network"],
  ["10.0.0.0/8", "private"],
  ["100.64.0.0/10", "shared by carriers"],
  ["127.0.0.0/8", "loopback"],
  ["169.254.0.0/16", "link-local"],
  ["172.16.0.0/12", "private"],
  ["192.0.0.0/24", "reserved"],
  ["192.168.0.0/16", "private"],
  ["198.18.0.0/15", "for benchmarks"],
  ["224.0.0.0/4", "multicast"],
  ["240.0.0.0/4", "reserved"],
  ["::/127", "loopback"],
  ["::ffff:0:0/96", "IPv4 in IPv6"],
  ["64:ff9b::/96", "IPv4 in IPv6"],
  ["fc00::/7", "private"],
  ["fe80::/10", "link-local"],
  ["fec0::/10", "private"],
  ["ff00::/8", "multicast"],
] as const;

let special: readonly { readonly network: Network; readonly name: string }[] | undefined;

/** Why nobody on the internet has an address of this network, or why it holds such addresses; undefined when it is fine. */
export function specialUse(network: Network): string | undefined {
  special ??= SPECIAL.flatMap(([text, name]) => {
    const parsed = parseNetwork(text);
    return parsed === undefined ? [] : [{ network: parsed, name }];
  });
  return special.find((entry) => overlap(entry.network, network))?.name;
}

function overlap(a: Network, b: Network): boolean {
  if (a.version !== b.version) return false;
  const shift = BigInt(bitsOf(a) - Math.min(a.prefix, b.prefix));
  return a.address >> shift === b.address >> shift;
}

function networkAddress(network: Network): bigint {
  const shift = BigInt(bitsOf(network) - network.prefix);
  return (network.address >> shift) << shift;
}

function bitsOf({ version }: Network): number {
  return version === 4 ? 32 : 128;
}
