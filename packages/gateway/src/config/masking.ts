/**
 * A configuration's text without its secrets, for people who may read it, and the way back. A secret is written as
 * `"${kept:ID}"`. The id is a keyed digest: the same secret has the same id, so a difference between two texts shows
 * that a secret changed, and nobody can try out secrets against it.
 */
import { createHmac } from 'node:crypto'
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type Node, parseDocument, type Scalar } from 'yaml'
import { configJsonSchema, type SchemaView, schemaAt } from './json-schema.ts'
import type { Path } from './messages.ts'

export interface MaskedText {
  readonly text: string
  /** By id: what is in its place. */
  readonly kept: ReadonlyMap<string, Kept>
}

export interface Kept {
  /** With its quotes, where it has some. */
  readonly written: string
  readonly value: string
}

/** Deepest structure that is looked at; no configuration has more. */
const depthMax = 32
/** A secret that is shorter is not looked for elsewhere in the text. */
const repeatedMin = 6

interface Work {
  readonly document: Document
  readonly schema: SchemaView
  readonly secrets: Set<Scalar>
  readonly open: Set<Node>
  values: number
}

/** Values that are looked at, with what aliases repeat. */
const valuesMax = 200_000

/**
 * @param key of the digest, which stays in the gateway.
 * @returns null for a text that is no YAML: where its secrets are cannot be known.
 */
export function maskText(text: string, key: Buffer): MaskedText | null {
  const document = parseDocument(text, { version: '1.2', uniqueKeys: false, logLevel: 'silent', merge: false })
  if (document.errors.length > 0 || !isNode(document.contents)) return text.trim() === '' ? unmasked(text) : null
  const work: Work = { document, schema: configJsonSchema(), secrets: new Set(), open: new Set(), values: 0 }
  look(document.contents, [], work)
  const kept = new Map<string, Kept>()
  const keep = (written: string, value: string): string => {
    const id = createHmac('sha256', key).update(written).digest('hex').slice(0, idLetters)
    kept.set(id, { written, value })
    return `\${kept:${id}}`
  }
  const found = [...work.secrets].sort((one, other) => startOf(one) - startOf(other))
  let masked = ''
  let at = 0
  for (const secret of found) {
    const [from, to] = placeOf(secret, text)
    if (from < at) continue
    masked += `${text.slice(at, from)}"${keep(sourceOf(secret, text.slice(from, to)), textOf(secret))}"`
    at = to
  }
  masked += text.slice(at)
  const repeated = found.map(textOf).filter(value => value.length >= repeatedMin)
  for (const value of repeated.sort((one, other) => other.length - one.length)) {
    if (masked.includes(value)) masked = masked.replaceAll(value, () => keep(value, value))
  }
  return { text: masked.replace(/(^|\s)#.*$/gm, comment => maskComment(comment, keep)), kept }
}

const unmasked = (text: string): MaskedText => ({ text, kept: new Map() })

/** Puts secrets back. @returns ids that are not known, as of a secret that is in the file no more. */
export function restoreText(
  text: string,
  kept: ReadonlyMap<string, Kept>,
): { readonly text: string; readonly unknown: readonly string[] } {
  const unknown = new Set<string>()
  const put = (whole: string, id: string): string => {
    const written = kept.get(id)?.written
    if (written === undefined) unknown.add(id)
    return written ?? whole
  }
  const quoted = text.replace(/"\$\{kept:([0-9a-f]{16})\}"/g, put)
  return { text: quoted.replace(/\$\{kept:([0-9a-f]{16})\}/g, put), unknown: [...unknown] }
}

const idLetters = 16

function look(node: Node, path: Path, work: Work): void {
  work.values += 1
  if (path.length > depthMax || work.values > valuesMax || work.open.has(node)) return
  if (isAlias(node)) {
    const target = node.resolve(work.document)
    if (target === undefined) return
    work.open.add(target)
    lookInto(target, path, work)
    work.open.delete(target)
    return
  }
  lookInto(node, path, work)
}

function lookInto(node: Node, path: Path, work: Work): void {
  if (isMap(node)) {
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : ''
      if (isNode(value)) look(value, [...path, name], work)
    }
  } else if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) if (isNode(item)) look(item, [...path, index], work)
  } else if (isScalar(node) && isSecretValue(node.value, schemaAt(work.schema, path), path)) {
    work.secrets.add(node)
  }
}

/** True for what may be a secret: where the schema says so, and wherever it does not say that it is something else. */
export function isSecretValue(value: unknown, views: readonly SchemaView[], path: Path): boolean {
  if (value === null || typeof value === 'boolean') return false
  if (typeof value === 'string' && isReference(value)) return false
  if (views.some(({ writeOnly }) => writeOnly === true)) {
    if (typeof value === 'string' && isPlainAddress(value)) return false
    // The literals of a credential, as managed-identity, are among the variants too.
    return !views.some(view => view.const === value || view.enum?.includes(value) === true)
  }
  if (!views.some(view => fits(view, value))) return true
  return typeof value === 'string' && (hasSecretInUrl(value) || looksLikeKey(value, path))
}

/** An address of Redis with neither user nor password. */
function isPlainAddress(text: string): boolean {
  return /^rediss?:\/\/[^\s@?#]+$/.test(text)
}

/** `${env:NAME}` and `${file:PATH}` alone, or after the word that begins the value of a header. */
function isReference(text: string): boolean {
  if (!text.includes('${')) return false
  const rest = text.replace(/\$\{(?:env|file):[^}]+\}/g, '')
  return (
    rest === '' ||
    /^(?:Bearer|Basic) $/i.test(rest) ||
    /^[a-z]+:\/\/[^\s/@:]*:?@?[^\s/@?#:]*(?::\d+)?\/?\d*$/.test(rest)
  )
}

function fits(view: SchemaView, value: unknown): boolean {
  if (view.const !== undefined) return view.const === value
  if (view.enum !== undefined) return view.enum.includes(value)
  if (typeof value !== 'string') return view.type === 'number' || view.type === 'integer'
  if (view.type !== 'string') return false
  return view.pattern === undefined || value.includes('${') || new RegExp(view.pattern).test(value)
}

function hasSecretInUrl(text: string): boolean {
  return /\/\/[^/@]*@/.test(text) || /^[a-z][a-z0-9+.-]*:\/\/[^?]*\?./i.test(text)
}

/** API keys are long runs of letters and digits; tokens begin with an encoded `{"`. ARM ids and paths have slashes. */
function looksLikeKey(text: string, path: Path): boolean {
  if (path.at(-1) === 'managedIdentity') return false
  return /[A-Za-z0-9+]{32,}/.test(text) || text.startsWith('eyJ')
}

/** What was commented out is often a secret that was moved elsewhere. */
function maskComment(comment: string, keep: (written: string, value: string) => string): string {
  return comment
    .replace(
      /(\b(?:key|secret|clientSecret|previous|password|sas|token|connectionString)["']?\s*[:=]\s*)(?!["']?\$\{)(\S.*)$/i,
      (_, name: string, written: string) => `${name}${keep(written, written)}`,
    )
    .replace(/(?<!\{kept:[0-9a-f]*)(?:\beyJ[\w.-]+|[A-Za-z0-9+/]{32,}={0,2})/g, written => keep(written, written))
}

const startOf = (node: Scalar): number => node.range?.[0] ?? 0
const textOf = (node: Scalar): string => (typeof node.value === 'string' ? node.value : (node.source ?? ''))

/** Where a value is written; the line feed that ends a block of text stays. */
function placeOf(node: Scalar, text: string): readonly [from: number, to: number] {
  const [from = 0, to = 0] = node.range ?? []
  const written = text.slice(from, to)
  return [from, from + written.trimEnd().length]
}

/** A value of several lines depends on its indentation, so it is put back on one line. */
function sourceOf(node: Scalar, written: string): string {
  return written.includes('\n') ? JSON.stringify(textOf(node)) : written
}
