/** The name that is most like one that does not exist, in either case; null where none is like it. */
export function nearestOf(written: string, names: readonly string[]): string | null {
  const wanted = written.toLowerCase()
  const most = Math.max(1, Math.floor(written.length / 3))
  const near = names
    .map(name => ({
      name,
      edits: name.toLowerCase().startsWith(wanted) ? 0 : editsBetween(wanted, name.toLowerCase()),
    }))
    .filter(({ edits }) => edits <= most)
    .sort((one, other) => one.edits - other.edits)
  return near[0]?.name ?? null
}

/** Letters to put in, take out or change (Levenshtein's distance). */
function editsBetween(one: string, other: string): number {
  let last = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= other.length; column += 1) {
      const changed = (last[column - 1] ?? 0) + (one[row - 1] === other[column - 1] ? 0 : 1)
      current[column] = Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, changed)
    }
    last = current
  }
  return last[other.length] ?? 0
}
