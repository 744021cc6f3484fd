/**
 * The declared type of a body (RFC 9110 section 8.3). The gateway reads a body as its operation takes it and refuses
 * any other declared type: the instance might read the body as declared, and see content that was not checked.
 */
import type { IncomingMessage } from 'node:http'
import { Refusal } from '../../refusals.ts'

export interface MediaType {
  /** The type in lower case, without parameters. */
  readonly type: string
  /** Parameters by name in lower case. */
  readonly parameters: ReadonlyMap<string, string>
}

const jsonTypes = /^application\/(?:[!#$&^_.0-9a-z-]+\+)?json$/
/** RFC 2046 section 5.1.1. */
const boundaries = /^[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]$/

/** Nearly every JSON body has one of these. */
const plainJson: ReadonlySet<string> = new Set(['application/json', 'application/json; charset=utf-8'])

/** @throws Refusal body_type, request_malformed */
export function requireJsonType(req: IncomingMessage): void {
  const written = onlyType(req)
  if (written === null || plainJson.has(written)) return
  const { type, parameters } = parse(written)
  if (!jsonTypes.test(type)) throw refused(written, 'the operation takes JSON; say application/json')
  const charset = parameters.get('charset')
  if (charset !== undefined && !/^(?:utf-?8|us-ascii)$/i.test(charset)) throw refused(written, 'JSON is read as UTF-8')
}

/** @returns the boundary. @throws Refusal body_type, request_malformed */
export function requireFormType(req: IncomingMessage): string {
  const written = onlyType(req) ?? ''
  const { type, parameters } = parse(written)
  if (type !== 'multipart/form-data') throw refused(written, 'the operation takes a form; say multipart/form-data')
  const boundary = parameters.get('boundary')
  if (boundary === undefined || !boundaries.test(boundary)) throw refused(written, 'it has no usable boundary')
  return boundary
}

/**
 * For operations that take a form or JSON: everything that is no form is read as JSON.
 * @throws Refusal request_malformed
 */
export function saysForm(req: IncomingMessage): boolean {
  return /^\s*multipart\//i.test(onlyType(req) ?? '')
}

/** True when the head announces no body at all. */
export function isWithoutBody({ headers }: IncomingMessage): boolean {
  if (headers['transfer-encoding'] !== undefined) return false
  return headers['content-length'] === undefined || Number(headers['content-length']) === 0
}

/** Node shows the first of several fields, but the instance might take the last. @throws Refusal request_malformed */
function onlyType(req: IncomingMessage): string | null {
  const first = req.headers['content-type']
  if (first === undefined) return null
  let count = 0
  const { rawHeaders } = req
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length === 12 && name.toLowerCase() === 'content-type') count += 1
  }
  if (count > 1) throw new Refusal('request_malformed', { reason: 'it has several Content-Type fields' })
  return first
}

const parameter =
  /[ \t]*;[ \t]*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:"((?:[^"\\]|\\[\s\S])*)"|([!#$%&'*+.^_`|~0-9A-Za-z-]+))|$)/y

/** @throws Refusal body_type for a value that can be read in two ways: a parameter twice, quotes that do not close. */
function parse(written: string): MediaType {
  const [type = ''] = written.split(';', 1)
  const parameters = new Map<string, string>()
  for (let at = type.length; at < written.trimEnd().length; at = parameter.lastIndex) {
    parameter.lastIndex = at
    const found = parameter.exec(written)
    if (found === null) throw refused(written, 'its parameters cannot be read')
    const [, name, quoted, token] = found
    if (name === undefined) break
    if (parameters.has(name.toLowerCase())) throw refused(written, `it has "${name}" twice`)
    parameters.set(name.toLowerCase(), quoted === undefined ? (token ?? '') : quoted.replace(/\\([\s\S])/g, '$1'))
  }
  return { type: type.trim().toLowerCase(), parameters }
}

function refused(type: string, reason: string): Refusal {
  return new Refusal('body_type', { type, reason }, { param: 'content-type' })
}
