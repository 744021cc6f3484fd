/**
 * Where a place of a YAML text is in its structure. It reads lines and their indentation instead of a whole document,
 * because a text that somebody is writing is seldom whole.
 */

/** The step of a path into an entry of a list; all others are keys. */
export const entry = '[]'

export interface YamlPlace {
  /** Of the mapping or list that the place is in, with the key where the place is in its value. */
  readonly path: readonly string[]
  /** What is written there: a key, or a value. */
  readonly kind: 'key' | 'value'
  /** What is written of it before the place, and where it begins. */
  readonly typed: string
  readonly from: number
  /** True within braces or brackets. */
  readonly isFlow: boolean
}

/** Null within a comment or a quoted text that is no value. */
export function placeAt(text: string, at: number): YamlPlace | null {
  const start = text.lastIndexOf('\n', at - 1) + 1
  const line = lineOf(text.slice(start, at))
  if (/(?:^|\s)#/.test(line.content)) return null
  const above = pathAbove(text.slice(0, Math.max(0, start - 1)).split('\n'), line)
  const flow = flowOf(line.content)
  const tail = tailOf(flow.tail)
  const path = [...above, ...flow.path, ...(tail.key === null ? [] : [tail.key])]
  const isValue =
    tail.key !== null || flow.isList || (line.dashes.length > 0 && flow.path.length === 0 && isScalar(tail))
  return {
    path,
    kind: isValue ? 'value' : 'key',
    typed: tail.typed,
    from: at - tail.typed.length,
    isFlow: flow.path.length > 0 || flow.isList,
  }
}

/** An entry of a list may begin a mapping: only what cannot be a key is a value for sure. */
const isScalar = ({ typed }: { readonly typed: string }): boolean => /^["'*]|^\$\{/.test(typed)

interface Line {
  /** Columns of the dashes that begin entries of lists. */
  readonly dashes: readonly number[]
  /** Column at which the content begins. */
  readonly column: number
  readonly content: string
}

function lineOf(line: string): Line {
  const [, indent = '', marks = '', content = ''] = /^( *)((?:- +)*(?:-$)?)(.*)$/.exec(line) ?? []
  const dashes = [...marks.matchAll(/-/g)].map(({ index }) => indent.length + index)
  return { dashes, column: indent.length + marks.length, content }
}

/** Keys and lists around a line, from the top. */
function pathAbove(lines: readonly string[], own: Line): readonly string[] {
  const path: string[] = []
  // A key at this column is a neighbour; one further to the left is around it. Lists may be at the column of their key.
  let column = own.column
  let isInList = false
  const enter = (dashes: readonly number[]): void => {
    for (const dash of dashes.filter(one => one < column).toReversed()) {
      path.unshift(entry)
      column = dash
      isInList = true
    }
  }
  enter(own.dashes)
  for (const text of lines.toReversed()) {
    if (column === 0 && !isInList) break
    if (/^\s*(#|$)/.test(text)) continue
    const line = lineOf(text)
    const key = keyIn(line.content)
    if (key !== null && (line.column < column || (isInList && line.column <= column && line.dashes.length === 0))) {
      path.unshift(key)
      column = line.column
      isInList = false
    }
    enter(line.dashes)
  }
  return path
}

function keyIn(content: string): string | null {
  const [, quoted, plain] = /^(?:"([^"]*)"|([^\s"'{[#][^:]*)):(?:\s|$)/.exec(content) ?? []
  return quoted ?? plain ?? null
}

interface Flow {
  readonly path: readonly string[]
  /** Within brackets, where entries are values. */
  readonly isList: boolean
  readonly tail: string
}

interface Frame {
  readonly isList: boolean
  readonly key: string | null
}

/** Follows braces and brackets that are open at the end of a line. */
function flowOf(content: string): Flow {
  const frames: Frame[] = []
  let tail = ''
  for (const letter of content) {
    if (letter === '{' && tail.endsWith('$')) tail += letter
    else if (letter === '{' || letter === '[') {
      frames.push({ isList: letter === '[', key: keyIn(`${tail.trim()} `) })
      tail = ''
    } else if (letter === '}' && /\$\{[^}]*$/.test(tail)) tail += letter
    else if (letter === '}' || letter === ']') {
      frames.pop()
      tail = ''
    } else if (letter === ',' && frames.length > 0) tail = ''
    else tail += letter
  }
  const path = frames.flatMap(({ isList, key }) => [...(key === null ? [] : [key]), ...(isList ? [entry] : [])])
  return { path, isList: frames.at(-1)?.isList === true, tail: frames.length > 0 ? tail.trimStart() : tail }
}

/** The key, where its value has begun, and what is written last. */
function tailOf(tail: string): { readonly key: string | null; readonly typed: string } {
  const [, quoted, plain, value] = /^(?:"([^"]*)"|([^\s"'#][^:]*)):\s+(.*)$/.exec(tail) ?? []
  const key = quoted ?? plain ?? null
  return key === null ? { key, typed: tail } : { key, typed: value ?? '' }
}

/** Names of a section at the top of a text, as those of `instances`. */
export function namesIn(text: string, section: string): readonly string[] {
  const lines = text.split('\n')
  const at = lines.findIndex(line => line.startsWith(`${section}:`))
  if (at === -1) return []
  const inline = /^[\w-]+:\s*\{(.*)$/.exec(lines[at] ?? '')
  if (inline !== null) return keysOfFlow(inline[1] ?? '')
  const names: string[] = []
  let column: number | null = null
  for (const line of lines.slice(at + 1)) {
    if (/^\s*(#|$)/.test(line)) continue
    const { column: own, content } = lineOf(line)
    if (own === 0) break
    column ??= own
    const key = keyIn(content)
    if (own === column && key !== null) names.push(key)
  }
  return names
}

/** Names of deployments, in whichever instance. */
export function deploymentsIn(text: string): readonly string[] {
  const found = new Set<string>()
  const lines = text.split('\n')
  for (const [at, line] of lines.entries()) {
    const [, indent = '', rest] = /^(\s*)(?:.*[{,\s])?deployments:\s*(\{.*)?$/.exec(line) ?? []
    if (rest !== undefined) for (const key of keysOfFlow(rest.slice(1))) found.add(key)
    else if (/^\s+deployments:\s*$/.test(line)) {
      const deeper = lines.slice(at + 1).findIndex(one => one.trim() !== '' && lineOf(one).column <= indent.length)
      const block = lines.slice(at + 1, deeper === -1 ? undefined : at + 1 + deeper)
      const column = Math.min(...block.filter(one => one.trim() !== '').map(one => lineOf(one).column))
      for (const one of block) {
        const key = lineOf(one).column === column ? keyIn(lineOf(one).content) : null
        if (key !== null && lineOf(one).dashes.length === 0) found.add(key)
      }
    }
  }
  return [...found]
}

/** Keys of the outermost braces. @param text after the opening brace. */
function keysOfFlow(text: string): readonly string[] {
  const keys: string[] = []
  let depth = 0
  let tail = ''
  for (const letter of text) {
    if (letter === '{' || letter === '[') {
      const key = depth === 0 ? keyIn(`${tail.trim()} `) : null
      if (key !== null) keys.push(key)
      depth += 1
    } else if (letter === '}' || letter === ']') depth -= 1
    if (depth < 0) break
    tail = letter === ',' || letter === '{' || letter === '}' ? '' : tail + letter
  }
  return keys
}
