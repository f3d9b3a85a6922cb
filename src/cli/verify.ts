/** claimbot verify: is what was released what was merged? With --receipt, of one release. */
import { WrongUse } from "./exit.ts";
import type { Run } from "./run.ts";
import { verifyReceipt } from "./verify-receipt.ts";
import { oneOf, readWords } from "./words.ts";

export const verify: Run = async (words, terminal) => {
  const options = { receipt: { type: "string" }, dir: { type: "string" }, format: { type: "string" } } as const;
  const { values } = readWords(words, options, 0);
  const format = oneOf("format", values.format, ["text", "json"]);
  if (values.receipt === undefined) throw new WrongUse("verify needs --receipt FILE");
  return verifyReceipt(terminal, values.receipt, values.dir, format);
};
