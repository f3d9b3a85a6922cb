export function rulesPage(): string {
  return "";
}
