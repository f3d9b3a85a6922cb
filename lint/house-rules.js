/** Rules of this house that the linter does not have: each forbids one way into a known accident (threats S1, S3, S9). Plain JavaScript: the linter may run on a Node that strips no types. */

/** A value that opens a door, by its name: token, webhookSecret, x.password. A constant in capitals stands in the source, and is no secret. */
const SECRET_NAME = /(?:[a-z0-9]|^)(?:Token|Secret|Signature|Password)$|(?:^|_)(?:token|secret|signature|password)$/;
const SECRETS_NAME = /(?:[a-z0-9]|^)(?:Tokens|Secrets|Signatures|Passwords)$|(?:^|_)(?:tokens|secrets|signatures|passwords)$/;
const COMPARISONS = new Set(["===", "!==", "==", "!="]);
const COMPARING_METHODS = new Set(["equals", "localeCompare", "includes", "indexOf", "is"]);

/** `===` ends at the first difference, so that its time tells how much was right (CVE-2022-24912). sameSecret does not. */
const noPlainSecretComparison = {
  create(context) {
    const message = "Secrets are compared by sameSecret or anySame: `===` tells by its time how much of a guess was right";
    return {
      BinaryExpression(node) {
        if (!COMPARISONS.has(node.operator)) return;
        // Whether there is one says nothing about it, and what stands in the source is no secret.
        if (isKnown(node.left) || isKnown(node.right)) return;
        if (isSecret(node.left) || isSecret(node.right)) context.report({ node, message });
      },
      CallExpression(node) {
        const { callee } = node;
        if (callee.type !== "MemberExpression" || !COMPARING_METHODS.has(nameOf(callee.property))) return;
        if (node.arguments.some(isSecret) || isListOfSecrets(callee.object)) context.report({ node, message });
      },
      SwitchStatement(node) {
        if (isSecret(node.discriminant)) context.report({ node: node.discriminant, message });
      },
    };
  },
};

/** No shell reads what came from outside: programs are run by execFile or spawn with a fixed list of words. */
const noShell = {
  create(context) {
    const message = "No shell: run a program by execFile or spawn, with a list of words";
    const forbidden = new Set(["exec", "execSync"]);
    const modules = new Set(["child_process", "node:child_process"]);
    const namespaces = new Set();
    return {
      ImportDeclaration(node) {
        if (!modules.has(node.source.value)) return;
        for (const specifier of node.specifiers) {
          if (specifier.type !== "ImportSpecifier") namespaces.add(specifier.local.name);
          else if (forbidden.has(nameOf(specifier.imported))) context.report({ node: specifier, message });
        }
      },
      MemberExpression(node) {
        if (forbidden.has(nameOf(node.property)) && namespaces.has(nameOf(node.object))) context.report({ node, message });
      },
      Property(node) {
        if (nameOf(node.key) === "shell" && node.value.value !== false) context.report({ node, message });
      },
    };
  },
};

const DELETING = /^delete(?:Object|Bucket)(?:s|[A-Z][A-Za-z]*)?$/i;
const UNLOCKING = new Set(["BypassGovernanceRetention", "bypassGovernanceRetention"]);

/** claimbot deletes no object, and asks for no lock to be passed by: what it wrote can be read as long as it is kept. */
const noObjectDeletion = {
  create(context) {
    const message = "claimbot deletes no object and lifts no lock: the claim store only grows";
    const check = (node, name) => {
      if (name !== undefined && (DELETING.test(name) || UNLOCKING.has(name))) context.report({ node, message });
    };
    return {
      ImportSpecifier: (node) => check(node, nameOf(node.imported)),
      MemberExpression: (node) => check(node, nameOf(node.property)),
      Property: (node) => check(node, nameOf(node.key)),
    };
  },
};

function isSecret(node) {
  switch (node.type) {
    case "Identifier":
      return SECRET_NAME.test(node.name);
    case "MemberExpression":
      return SECRET_NAME.test(nameOf(node.property) ?? "");
    case "ChainExpression":
    case "TSNonNullExpression":
    case "TSAsExpression":
    case "TSSatisfiesExpression":
    case "AwaitExpression":
      return isSecret(node.expression ?? node.argument);
    case "LogicalExpression":
      return isSecret(node.left) || isSecret(node.right);
    // `secret.reveal()` is the only way to the value of a Secret; `headers.get("x-gitlab-token")` brings a stranger's.
    case "CallExpression":
      return nameOf(node.callee.property) === "reveal" || node.arguments.some(isSecretHeader) || isHmac(node);
    default:
      return false;
  }
}

function isSecretHeader(node) {
  return (
    node.type === "Literal" &&
    typeof node.value === "string" &&
    /^x-.*(?:token|signature)$|^(?:webhook-signature|authorization)$/i.test(node.value)
  );
}

/** `createHmac(…).update(…).digest("hex")`: a signature that we made, to be compared with theirs. */
function isHmac({ callee }) {
  if (callee.type === "MemberExpression") return callee.object.type === "CallExpression" && isHmac(callee.object);
  return nameOf(callee) === "createHmac";
}

function isListOfSecrets(node) {
  return SECRETS_NAME.test(nameOf(node.type === "MemberExpression" ? node.property : node) ?? "");
}

function isKnown(node) {
  return node.type === "Literal" || (node.type === "Identifier" && node.name === "undefined");
}

/** An identifier's name, or a literal's text: `a.b`, `a["b"]`. */
function nameOf(node) {
  if (node === undefined || node === null) return undefined;
  if (node.type === "Literal") return typeof node.value === "string" ? node.value : undefined;
  return node.name;
}

export default {
  meta: { name: "house" },
  rules: {
    "no-plain-secret-comparison": noPlainSecretComparison,
    "no-shell": noShell,
    "no-object-deletion": noObjectDeletion,
  },
};
