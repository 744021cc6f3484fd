/**
 * Encrypted content: reasoning and compacted conversations that the client keeps and sends back. Only the Azure
 * resource that wrote it can read it. It is remembered by a digest, because it has no id that must come with it.
 */
import { hash } from 'node:crypto'
import { isRecord } from './json.ts'

/**
 * Longer content is identified by its length, its beginning and its end: both are random in every such content. Bytes.
 */
const wholeMax = 65_536
const edgeBytes = 16_384
/** 144 bits. */
const digestCharacters = 24

/** Deepest nesting that is searched, far beyond the known shapes. */
const depthMax = 16
/** Most digests of one answer. */
const contentsMax = 1_000

/**
 * The key under which the content is remembered. No id of an instance has this form. @param content as it is sent, in
 * UTF-8.
 */
export function digestOf(content: Buffer): string {
  const bytes =
    content.length <= wholeMax
      ? content
      : Buffer.concat([Buffer.from(`${content.length}`), content.subarray(0, edgeBytes), content.subarray(-edgeBytes)])
  return `sha256:${hash('sha256', bytes, 'base64url').slice(0, digestCharacters)}`
}

/** Digests of all encrypted content in a document, at any depth. */
export function encryptedContents(document: unknown): readonly string[] {
  const found: string[] = []
  collect(document, 0, found)
  return found
}

function collect(value: unknown, depth: number, found: string[]): void {
  if (depth > depthMax || found.length >= contentsMax) return
  if (Array.isArray(value)) for (const one of value) collect(one, depth + 1, found)
  else if (isRecord(value)) {
    for (const [key, one] of Object.entries(value)) {
      if (key === 'encrypted_content' && typeof one === 'string' && one !== '') found.push(digestOf(Buffer.from(one)))
      else if (typeof one === 'object') collect(one, depth + 1, found)
    }
  }
}
