/** Small files of JSON that are replaced in one step and carry a checksum. */
import { readFileSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { codeOf } from '../../errors.ts'
import { LedgerError } from '../index.ts'
import { syncDirectory } from '../journal/files.ts'

/** Resolves when the file is on the disk under its name. */
export async function writeJson(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const fresh = `${path}.new`
  const file = await open(fresh, 'w', 0o600)
  try {
    await file.writeFile(`${JSON.stringify({ content, checksum: checksumOf(content) }, null, 2)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(fresh, path)
  await syncDirectory(dirname(path))
}

/**
 * What `writeJson` wrote; null where there is no such file.
 * @throws LedgerError `ledger_corrupt` for a file that is damaged or cannot be read.
 */
export function readJson<T>(path: string): T | null {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return null
    throw new LedgerError('ledger_corrupt', `${path} cannot be read (${codeOf(cause) ?? String(cause)}).`, { cause })
  }
  const content = parse(text)
  if (content === undefined) {
    throw new LedgerError('ledger_corrupt', `${path} is damaged. Take it from a backup of the ledger.`)
  }
  return content as T
}

function parse(text: string): unknown {
  try {
    const { content, checksum } = JSON.parse(text) as { readonly content: unknown; readonly checksum: unknown }
    return checksum === checksumOf(content) ? content : undefined
  } catch {
    return undefined
  }
}

const checksumOf = (content: unknown): number => crc32(JSON.stringify(content) ?? '')
