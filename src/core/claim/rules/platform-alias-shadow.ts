import { isCommand } from "../../command/line.ts";
import { pointerOf } from "../places.ts";
import type { PlatformRule } from "./rule.ts";

export const platformAliasShadow: PlatformRule = {
  about: "platform",
  code: "platform/alias-shadow",
  summary: "An alias is not called like a command: nobody may be led to say another one than they read.",
  wrong: `
# file: platform.yaml
spec:
  commands:
    aliases:
      destroy: apply
      ^^^^^^^ error platform/alias-shadow
`,
  right: `
# file: platform.yaml
spec:
  commands:
    aliases:
      ship: apply
`,
  check: ({ spec: { commands } }) =>
    Object.keys(commands?.aliases ?? {})
      .filter((name) => isCommand(name))
      .map((name) => ({
        pointer: pointerOf("spec", "commands", "aliases", name),
        atKey: true as const,
        message: `${name} is a command itself.`,
        hint: "Take another name for the alias.",
      })),
};
