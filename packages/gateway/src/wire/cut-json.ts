/** The brackets that are open at one place of a JSON text, and where the text can be cut. */
interface OpenBrackets {
  /** Closing brackets that are still missing, innermost last. */
  readonly closers: string[]
  /** Offset after the last whole value or opening bracket: the text can be closed here. */
  safeEnd: number
  /** Offset inside of a string value where the text can be cut; null outside of string values. */
  stringEnd: number | null
}

/**
 * Parses a JSON text that may be cut off anywhere. Whole values are kept, a string that is cut is kept as far as it
 * goes, and a cut number, literal, key or escape is dropped. Null when nothing can be read.
 */
export function parseCutJson(text: string): { readonly value: unknown; readonly whole: boolean } | null {
  const whole = parsed(text)
  if (whole !== undefined) return { value: whole, whole: true }
  const scan = scanOpen(text)
  const kept = scan.stringEnd === null ? text.slice(0, scan.safeEnd) : `${text.slice(0, scan.stringEnd)}"`
  const closed = parsed(kept + scan.closers.reverse().join(''))
  return closed === undefined ? null : { value: closed, whole: false }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function scanOpen(text: string): OpenBrackets {
  const scan: OpenBrackets = { closers: [], safeEnd: 0, stringEnd: null }
  let expectsKey = false
  // Only structuring characters are searched; a number or a literal is whole once something follows it.
  const structure = /[[\]{}:,"]/g
  for (let found = structure.exec(text); found !== null; found = structure.exec(text)) {
    if (found[0] !== '"') {
      expectsKey = takeStructure(scan, found[0], found.index)
      continue
    }
    const end = stringEnd(text, found.index + 1)
    if (!end.closed) {
      scan.stringEnd = expectsKey ? null : end.at
      return scan
    }
    structure.lastIndex = end.at + 1
    if (!expectsKey) scan.safeEnd = end.at + 1
  }
  return scan
}

/** True when a key must follow. */
function takeStructure(scan: OpenBrackets, sign: string, at: number): boolean {
  if (sign === ':') return false
  if (sign === '{' || sign === '[') scan.closers.push(sign === '{' ? '}' : ']')
  if (sign === '}' || sign === ']') scan.closers.pop()
  scan.safeEnd = sign === ',' ? at : at + 1
  return sign === '{' || (sign === ',' && scan.closers.at(-1) === '}')
}

/**
 * Offset of the closing quote after `start`; in a string that is cut off, the end of its last whole character or
 * escape.
 */
function stringEnd(text: string, start: number): { readonly at: number; readonly closed: boolean } {
  let at = start
  while (at < text.length) {
    const quote = text.indexOf('"', at)
    const backslash = text.indexOf('\\', at)
    if (quote >= 0 && (backslash < 0 || quote < backslash)) return { at: quote, closed: true }
    if (backslash < 0) return { at: text.length, closed: false }
    const escapeEnd = backslash + (text[backslash + 1] === 'u' ? 6 : 2)
    if (escapeEnd > text.length) return { at: backslash, closed: false }
    at = escapeEnd
  }
  return { at: text.length, closed: false }
}
