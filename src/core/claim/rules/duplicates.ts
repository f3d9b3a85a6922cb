/** The items whose key stands earlier in the list already, with the index of each and of the first. */
export function duplicatesOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
): readonly { readonly item: T; readonly key: string; readonly index: number }[] {
  if (items.length < 2) return [];
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const key = keyOf(item);
    if (seen.has(key)) return [{ item, key, index }];
    seen.add(key);
    return [];
  });
}
