/**
 * The name that is most like one that does not exist, in either case; null where none is like it. A caller's name is
 * also compared without what follows the @ or the first space, because people type the beginning.
 */
export function nearestOf(written: string, names: readonly string[]): string | null {
  const wanted = written.toLowerCase()
  const near = names
    .map(name => ({ name, edits: Math.min(editsTo(wanted, name.toLowerCase()), shortEdits(wanted, name)) }))
    .filter(({ edits }) => edits < Number.POSITIVE_INFINITY)
    .sort((one, other) => one.edits - other.edits)
  return near[0]?.name ?? null
}

function shortEdits(wanted: string, name: string): number {
  return editsTo(shortName(wanted), shortName(name.toLowerCase()))
}

function shortName(name: string): string {
  return name.split(/[@\s]/)[0] ?? name
}

/** Infinity where more than a third of the letters differ. */
function editsTo(wanted: string, name: string): number {
  const edits = name.startsWith(wanted) ? 0 : editsBetween(wanted, name)
  return edits <= Math.max(1, Math.floor(wanted.length / 3)) ? edits : Number.POSITIVE_INFINITY
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
