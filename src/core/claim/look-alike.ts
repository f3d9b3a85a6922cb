/** Names that look like others: punycode, mixed scripts, letters that the eye confuses. */
import { domainToUnicode } from "node:url";

/** What a person would see; the name itself where it holds no punycode, undefined where its punycode is none. */
export function unicodeOf(hostname: string): string | undefined {
  if (!hostname.includes("xn--")) return hostname;
  return domainToUnicode(hostname) || undefined;
}

const SCRIPTS = [
  ["Latin", /\p{Script=Latin}/u],
  ["Greek", /\p{Script=Greek}/u],
  ["Cyrillic", /\p{Script=Cyrillic}/u],
  ["Armenian", /\p{Script=Armenian}/u],
  ["Hebrew", /\p{Script=Hebrew}/u],
  ["Arabic", /\p{Script=Arabic}/u],
  ["Cherokee", /\p{Script=Cherokee}/u],
  ["Thai", /\p{Script=Thai}/u],
  ["Devanagari", /\p{Script=Devanagari}/u],
  // Written together in Japanese, Chinese and Korean: one script here.
  ["East Asian", /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}]/u],
] as const;

/** The scripts of a label, digits and the hyphen left out. */
export function scriptsOf(label: string): readonly string[] {
  return SCRIPTS.filter(([, pattern]) => pattern.test(label)).map(([name]) => name);
}

/** Letters of other scripts that look like Latin ones (from Unicode's confusables, those that host names may hold). */
const CONFUSABLES: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ..."аa еe оo рp сc хx уy іi јj ѕs һh ԁd ԛq ԝw ӏl кk мm нh тt вb гr пn ѵv ԍg ҽe ոn օo սu հh ցg զq ӕæ".split(" "),
    ..."αa βb εe ιi κk νv οo ρp τt υu χx γy ηn ωw σo".split(" "),
    ..."ıi ɩi ɑa ɡg ɪi ʏy ḷl ł1 øo đd".split(" "),
  ].map((pair) => Array.from(pair) as [string, string]),
);

/** Two names with the same skeleton look alike. */
export function skeletonOf(hostname: string): string {
  const seen = unicodeOf(hostname) ?? hostname;
  const latin = /\P{ASCII}/u.test(seen)
    ? Array.from(seen.normalize("NFKD").replaceAll(/\p{Mark}/gu, ""), (char) => CONFUSABLES[char] ?? char).join("")
    : seen;
  return latin.replaceAll("rn", "m").replaceAll("vv", "w").replaceAll(/[1i|]/g, "l").replaceAll("0", "o");
}
