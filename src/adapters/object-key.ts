/** Keys that claimbot gives to objects: lower-case ASCII, so that a key is a path in a directory and the same bytes in every listing. */

/** Nothing may lead out of a directory, and no key may look like a version of another. Throws an Error: a wrong key is our mistake. */
export function assertKey(key: string): void {
  const segments = key.split("/");
  const bad =
    !/^[a-z0-9._/-]{1,1000}$/.test(key) || segments.some((segment) => segment === "" || segment === "." || segment === "..");
  if (bad) throw new Error(`not a key of the claim store: ${JSON.stringify(key)}`);
}
