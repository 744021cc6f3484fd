/**
 * Reads YAML text into plain values, each with its position. Strict YAML 1.2: one document, unique keys, keys are text,
 * no tags, no tabs as indentation, and anchors only while they stay small.
 */
import {
  type Alias,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLError,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { formatPath, type Path, type Problem, type ProblemCode, printable } from './messages.ts'

/** Longest configuration file, in bytes. */
export const configBytesMax = 1_048_576
/** Deeper structures than any configuration has are refused before they cost stack. */
const depthMax = 32
/** Values that aliases may add to the document. More of them mean an expansion bomb or a mistake. */
const aliasedValuesMax = 10_000
const syntaxProblemsMax = 20

/** Something found in the plain values. `locate` turns it into a problem with line and column. */
export interface Finding {
  readonly code: ProblemCode
  readonly path: Path
  readonly seen: string | null
  readonly expected: string
  readonly nearest: string | null
  /** True points at the key instead of its value. */
  readonly atKey?: boolean
}

export interface ConfigDocument {
  /** Value of the text; null for an empty file. Mappings have no key that is also a property of every object. */
  readonly root: unknown
  /** Mappings and lists that are not in `root`, because their key is refused. */
  readonly unread: readonly Path[]
  /** Adds line and column to a finding: those of its path, or of the nearest parent in the text. */
  locate(finding: Finding): Problem
}

interface TextPosition {
  readonly keyOffset: number
  readonly valueOffset: number
}

interface Walk {
  readonly lines: LineCounter
  readonly positions: Map<string, TextPosition>
  readonly problems: Problem[]
  readonly unread: Path[]
  readonly anchors: Map<string, Node>
  /** Anchored nodes that are being expanded: an alias to one of them would never end. */
  readonly open: Set<Node>
  aliasedValues: number
  overflowed: boolean
}

/** The document, or the problems that make it unreadable. */
export function readDocument(text: string): { document: ConfigDocument | null; problems: Problem[] } {
  const bytes = Buffer.byteLength(text)
  if (bytes > configBytesMax) {
    return refused('unreadable', `${bytes} bytes`, `at most ${configBytesMax} bytes: a configuration, not a data file`)
  }
  const lines = new LineCounter()
  const parsed = parseDocument(text, {
    version: '1.2',
    strict: true,
    // The library compares keys pair by pair, which takes seconds for a large file; `mapping` below does it by lookup.
    uniqueKeys: false,
    stringKeys: true,
    resolveKnownTags: false,
    merge: false,
    prettyErrors: false,
    logLevel: 'error',
    lineCounter: lines,
  })
  const faults = [...parsed.errors, ...parsed.warnings]
  if (faults.length > 0) return { document: null, problems: syntaxProblems(faults, text, lines) }
  const version = parsed.directives?.yaml
  if (version?.explicit === true && version.version !== '1.2') {
    return refused('syntax', `%YAML ${version.version}`, 'YAML 1.2; remove the %YAML line')
  }
  const walk: Walk = {
    lines,
    positions: new Map(),
    problems: [],
    unread: [],
    anchors: new Map(),
    open: new Set(),
    aliasedValues: 0,
    overflowed: false,
  }
  const root = plain(parsed.contents, [], walk)
  return { document: { root, unread: walk.unread, locate: finding => located(finding, walk) }, problems: walk.problems }
}

function refused(code: ProblemCode, seen: string, expected: string): { document: null; problems: Problem[] } {
  return { document: null, problems: [{ code, path: '', line: 1, column: 1, seen, expected, nearest: null }] }
}

function located(finding: Finding, walk: Walk): Problem {
  let steps = finding.path
  while (steps.length > 0 && !walk.positions.has(positionKey(steps))) steps = steps.slice(0, -1)
  const position = walk.positions.get(positionKey(steps)) ?? { keyOffset: 0, valueOffset: 0 }
  // A missing key is reported in its parent, because readers look for the parent's key.
  const atKey = finding.atKey === true || steps.length < finding.path.length
  return problemAt(atKey ? position.keyOffset : position.valueOffset, finding, walk.lines)
}

function problemAt(offset: number, finding: Omit<Finding, 'atKey'>, lines: LineCounter): Problem {
  const { line, col } = lines.linePos(offset)
  return {
    code: finding.code,
    path: formatPath(finding.path),
    // The counter returns 0 for a text without any line.
    line: Math.max(1, line),
    column: Math.max(1, col),
    seen: finding.seen,
    expected: finding.expected,
    nearest: finding.nearest,
  }
}

function positionKey(path: Path): string {
  return JSON.stringify(path)
}

function offsetOf(node: Node | null): number {
  return node?.range?.[0] ?? 0
}

/** Values below an alias keep the positions of the anchored block, because that is where they can be fixed. */
function remember(path: Path, key: Node | null, value: Node | null, walk: Walk): void {
  walk.positions.set(positionKey(path), { keyOffset: offsetOf(key), valueOffset: offsetOf(value ?? key) })
}

function plain(node: Node | null, path: Path, walk: Walk): unknown {
  if (path.length > depthMax) return complain(walk, node, path, `at most ${depthMax} levels`)
  if (isAlias(node)) return aliased(node, path, walk)
  if (walk.open.size > 0) walk.aliasedValues += 1
  if (isMap(node) || isSeq(node) || isScalar(node)) {
    if (node.anchor !== undefined) walk.anchors.set(node.anchor, node)
  }
  if (isMap(node)) return mapping(node, path, walk)
  if (isSeq(node)) return list(node, path, walk)
  return isScalar(node) ? node.value : null
}

function complain(walk: Walk, node: Node | null, path: Path, expected: string): null {
  const seen = isAlias(node) ? 'an alias' : null
  walk.problems.push(
    problemAt(offsetOf(node), { code: 'syntax', path: path.slice(0, 8), seen, expected, nearest: null }, walk.lines),
  )
  return null
}

function aliased(alias: Alias, path: Path, walk: Walk): unknown {
  const target = walk.anchors.get(alias.source)
  if (target === undefined) {
    return complain(walk, alias, path, 'an anchor (&name) above it; text that begins with * is put in quotes')
  }
  if (walk.open.has(target)) return complain(walk, alias, path, 'an alias of another block: this one contains itself')
  if (walk.aliasedValues > aliasedValuesMax) {
    // Reported once: a bomb has thousands of further aliases.
    const first = !walk.overflowed
    walk.overflowed = true
    return first ? complain(walk, alias, path, `aliases that add at most ${aliasedValuesMax} values`) : null
  }
  walk.open.add(target)
  const value = plain(target, path, walk)
  walk.open.delete(target)
  return value
}

function list(node: YAMLSeq, path: Path, walk: Walk): unknown[] {
  return node.items.map((item, index) => {
    const itemPath = [...path, index]
    const child = isNode(item) ? item : null
    remember(itemPath, child, child, walk)
    return plain(child, itemPath, walk)
  })
}

function mapping(node: YAMLMap, path: Path, walk: Walk): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const pair of node.items) {
    const keyNode = isScalar(pair.key) ? pair.key : null
    const key = String(keyNode?.value ?? '')
    const keyPath = [...path, key]
    const refusal = keyRefusal(key, Object.hasOwn(result, key))
    const valueNode = isNode(pair.value) ? pair.value : null
    if (refusal !== null) {
      const finding = { ...refusal, path: keyPath, seen: `the key ${printable(key)}`, nearest: null }
      walk.problems.push(problemAt(offsetOf(keyNode), finding, walk.lines))
      if (refusal.code === 'duplicate_key') addMissing(result[key], valueNode, keyPath, walk)
      else if (isMap(valueNode) || isSeq(valueNode)) walk.unread.push(keyPath)
      continue
    }
    remember(keyPath, keyNode, valueNode, walk)
    result[key] = plain(valueNode, keyPath, walk)
  }
  return result
}

/** What a key has where it stands again is checked together with what it has above. */
function addMissing(before: unknown, again: Node | null, path: Path, walk: Walk): void {
  if (!isMap(again) || typeof before !== 'object' || before === null || Array.isArray(before)) return
  const known = before as Record<string, unknown>
  for (const pair of again.items) {
    const key = String(isScalar(pair.key) ? pair.key.value : '')
    const valueNode = isNode(pair.value) ? pair.value : null
    const keyPath = [...path, key]
    if (Object.hasOwn(known, key)) addMissing(known[key], valueNode, keyPath, walk)
    else if (keyRefusal(key, false) === null) {
      remember(keyPath, isNode(pair.key) ? pair.key : null, valueNode, walk)
      known[key] = plain(valueNode, keyPath, walk)
    }
  }
}

function keyRefusal(key: string, known: boolean): { code: ProblemCode; expected: string } | null {
  if (known) return { code: 'duplicate_key', expected: 'each key once; the first one stands above' }
  // As a name in a URL, such a key would find what every object inherits.
  if (key === 'prototype' || key in Object.prototype) return { code: 'reserved_name', expected: 'another name' }
  if (key.includes('${')) return { code: 'expression', expected: 'a key as it is: expressions stand in values alone' }
  return null
}

const syntaxTexts: Partial<Record<YAMLError['code'], string>> = {
  TAB_AS_INDENT: 'spaces as indentation, not tabs',
  BAD_INDENT: 'lines of one block at the same indentation, and brackets that close',
  MULTIPLE_DOCS: 'one document; remove what follows the second ---',
  RESOURCE_EXHAUSTION: `at most ${depthMax} levels`,
  MISSING_CHAR: 'a closing quote, bracket or colon',
  BAD_DQ_ESCAPE: 'an escape that YAML knows, or single quotes',
  BAD_SCALAR_START: 'quotes around text that begins with this character',
  NON_STRING_KEY: 'text as a key',
  TAG_RESOLVE_FAILED: 'a value without a tag (!…)',
  BLOCK_AS_IMPLICIT_KEY: 'one key on a line; text with a colon and a space in it is put in quotes',
  MULTILINE_IMPLICIT_KEY: 'KEY: VALUE; a colon is missing here or in a line below',
  DUPLICATE_KEY: 'each key once',
}

/** The library's own messages quote the text, which may be a secret; these texts name the rule instead. */
function syntaxProblems(faults: readonly YAMLError[], text: string, lines: LineCounter): Problem[] {
  const seenLines = new Set<number>()
  const problems: Problem[] = []
  for (const fault of faults) {
    // The first fault of a line is the cause, and the others follow from it; so do faults that no rule explains.
    const { line } = lines.linePos(fault.pos[0])
    if (seenLines.has(line) || problems.length === syntaxProblemsMax) continue
    const known = bareExpression(text, fault.pos[0]) ?? syntaxTexts[fault.code] ?? null
    if (known === null && problems.length > 0) continue
    seenLines.add(line)
    const expected = known ?? 'valid YAML: here stands what cannot follow what is before it'
    problems.push(problemAt(fault.pos[0], { code: 'syntax', path: [], seen: null, expected, nearest: null }, lines))
  }
  return problems
}

/** The likeliest mistake of all is `{ key: ${env:NAME} }`: inside braces YAML reads `${` as text and a mapping. */
function bareExpression(text: string, offset: number): string | null {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1
  const line = text.slice(lineStart, text.indexOf('\n', offset) === -1 ? undefined : text.indexOf('\n', offset))
  return /[{,].*:\s*\$\{/.test(line) ? `quotes around "\${…}" inside { }` : null
}
