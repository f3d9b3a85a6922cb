import { nameOf } from "../schema-errors.ts";
import { pointerOf, type Finding } from "../places.ts";
import type { ClaimRule } from "./rule.ts";

/** Words of a key, as in `dbPassword`, `API_KEY`, `client-secret`. */
const SECRET = /(^|-)(password|passwd|passphrase|secret|token|credentials?|(api|access|private|secret|signing|encryption)-?key)$/;
/** Texts that are secrets by their form. The lengths keep documentation and examples out. */
const SECRET_FORMS = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\bgl(pat|dt|rt|ptt)-[A-Za-z0-9_-]{20,}/,
  /\bgh[pousr]_[A-Za-z0-9]{36,}/,
  /\bAKIA[0-9A-Z]{16}\b/,
  /\bxox[abprs]-[A-Za-z0-9-]{20,}/,
  /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\./,
  /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]+:[^/\s:@${]+@/i,
];

export const secretInValues: ClaimRule = {
  about: "claim",
  code: "claim/secret-in-values",
  summary: "A service's values hold no secrets: everyone who may read the repository could read them, for ever. (A warning.)",
  wrong: `
spec:
  services:
    - name: payments-api
      version: ^2.3.0
      values:
        database:
          password: correct-horse
                    ^^^^^^^^^^^^^ warning claim/secret-in-values
`,
  right: `
spec:
  services:
    - name: payments-api
      version: ^2.3.0
      values:
        database:
          passwordSecretName: payments-database
          url: postgres://payments:\${PASSWORD}@db/payments
`,
  check: ({ claim }) =>
    claim.spec.services.flatMap(({ values }, index) =>
      values === undefined ? [] : findingsIn(values, pointerOf("spec", "services", index, "values"), ""),
    ),
};

function findingsIn(value: unknown, pointer: string, key: string): readonly Finding[] {
  if (typeof value === "string") return isSecret(key, value) ? [finding(pointer)] : [];
  if (value === null || typeof value !== "object") return [];
  if (Array.isArray(value)) return value.flatMap((item, index) => findingsIn(item, pointer + pointerOf(index), key));
  return Object.entries(value).flatMap(([name, member]) => findingsIn(member, pointer + pointerOf(name), name));
}

function isSecret(key: string, value: string): boolean {
  if (SECRET_FORMS.some((form) => form.test(value))) return true;
  const words = key
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replaceAll(/[_.]/g, "-")
    .toLowerCase();
  return value.length > 0 && SECRET.test(words) && !/^\$[{(]?[A-Za-z_]/.test(value);
}

/** Never shows the value. */
function finding(pointer: string): Finding {
  return {
    pointer,
    severity: "warning",
    message: `${nameOf(pointer)} looks like a secret.`,
    hint: "Put it into Infisical, in the folder of this environment, and change it: it has been seen.",
  };
}
