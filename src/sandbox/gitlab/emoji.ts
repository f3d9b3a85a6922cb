/** Names of reactions that the sandbox knows, with their signs. */

const EMOJI: Readonly<Record<string, string>> = {
  thumbsup: "👍",
  thumbsdown: "👎",
  eyes: "👀",
  white_check_mark: "✅",
  heavy_check_mark: "✔️",
  x: "❌",
  warning: "⚠️",
  no_entry: "⛔",
  no_entry_sign: "🚫",
  hourglass: "⌛",
  hourglass_flowing_sand: "⏳",
  rocket: "🚀",
  tada: "🎉",
  heart: "❤️",
  fire: "🔥",
  confused: "😕",
  thinking: "🤔",
  wave: "👋",
  clap: "👏",
  question: "❓",
  exclamation: "❗",
  lock: "🔒",
  unlock: "🔓",
  robot: "🤖",
  construction: "🚧",
  octagonal_sign: "🛑",
  red_circle: "🔴",
  arrows_counterclockwise: "🔄",
  pause_button: "⏸️",
  bulb: "💡",
  speech_balloon: "💬",
  ok_hand: "👌",
  "100": "💯",
};

export function isEmoji(name: string): boolean {
  return Object.hasOwn(EMOJI, name);
}

export function emojiSign(name: string): string {
  return EMOJI[name] ?? `:${name}:`;
}

export const REACTIONS = ["thumbsup"] as const;
