/** Files of a trail: `000001.jsonl`, `000002.jsonl`, ... and `head.json`. */
import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../errors.ts'
import type { ChainEnd } from './line.ts'

/** Directory of the trail in a ledger's directory. */
export function auditPath(directory: string): string {
  return join(directory, 'audit')
}

export function segmentPath(directory: string, segment: number): string {
  return join(directory, segmentName(segment))
}

export function segmentName(segment: number): string {
  return `${String(segment).padStart(6, '0')}.jsonl`
}

/** Numbers of the segments, ascending; empty where there is no such directory. */
export async function segmentsIn(directory: string): Promise<readonly number[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  })
  const numbers = names.flatMap(name => {
    const digits = /^(\d{6,9})\.jsonl$/.exec(name)?.[1]
    return digits === undefined ? [] : [Number(digits)]
  })
  return numbers.sort((a, b) => a - b)
}

/** Whole lines of a segment, without their line feeds, and the bytes after the last one. */
export interface Lines {
  readonly lines: readonly Buffer[]
  readonly torn: Buffer
}

const lineFeed = 0x0a

export async function linesOf(directory: string, segment: number): Promise<Lines> {
  return splitLines(await readFile(segmentPath(directory, segment)))
}

export function splitLines(bytes: Buffer): Lines {
  const lines: Buffer[] = []
  let from = 0
  for (let at = bytes.indexOf(lineFeed); at !== -1; at = bytes.indexOf(lineFeed, from)) {
    lines.push(bytes.subarray(from, at))
    from = at + 1
  }
  return { lines, torn: bytes.subarray(from) }
}

/**
 * The end of the chain as it was noted beside it. The chain may be longer, where a process ended between the two
 * writes; where it is shorter, its end was lost.
 * @returns `damaged` for a file that nothing of this program has written; null for none.
 */
export async function readHead(directory: string): Promise<ChainEnd | 'damaged' | null> {
  let text: string
  try {
    text = await readFile(join(directory, headName), 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
  const found = /^\{"seq":(-1|\d{1,15}),"hash":"([0-9a-f]{64})"\}\n$/.exec(text)
  return found === null ? 'damaged' : { seq: Number(found[1]), hash: found[2] ?? '' }
}

const headName = 'head.json'

/** Replaces the note in one step, so that a process that dies leaves the old one or the new one. */
export async function writeHead(directory: string, { seq, hash }: ChainEnd): Promise<void> {
  const fresh = join(directory, `${headName}.new`)
  await writeFile(fresh, `${JSON.stringify({ seq, hash })}\n`, { mode: 0o600 })
  await rename(fresh, join(directory, headName))
}
