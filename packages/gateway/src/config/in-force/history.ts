/** Configurations that were in force: a file each in the ledger's directory, without secrets, the newest ones. */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../../errors.ts'
import type { Version, VersionText } from './index.ts'

/** Versions and bytes that are kept at most, the newest ones. */
const versionsMax = 200
const bytesMax = 16 * 1_048_576

const keyBytes = 32
const keyName = 'key'

export interface History {
  /** Of the digests. It stays in the directory, so that equal texts have equal digests after a restart too. */
  readonly key: Buffer
  /** The newest one; null before the first. */
  readonly newest: VersionText | null
  add(version: Omit<VersionText, 'id'>): Promise<VersionText>
  /** Newest first. */
  list(): readonly Version[]
  read(id: number): Promise<VersionText | null>
}

interface Stored {
  readonly version: Version
  readonly bytes: number
}

/**
 * @param directory of the ledger; one process at a time has it. What is no version is passed over.
 * Rejects with the error of the system.
 */
export async function openHistory(ledger: string): Promise<History> {
  const directory = join(ledger, 'configuration')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const key = await openKey(join(directory, keyName))
  const stored: Stored[] = []
  let newest: VersionText | null = null
  for (const name of (await readdir(directory)).sort()) {
    const text = /^\d{6,9}\.json$/.test(name) ? await readFile(join(directory, name), 'utf8') : ''
    const version = versionIn(text)
    if (version === null) continue
    stored.push({ version: withoutText(version), bytes: Buffer.byteLength(text) })
    newest = version
  }
  const pathOf = (id: number): string => join(directory, `${String(id).padStart(6, '0')}.json`)
  return {
    key,
    get newest() {
      return newest
    },
    async add(version) {
      const added = { id: (newest?.id ?? 0) + 1, ...version }
      const text = `${JSON.stringify(added)}\n`
      // At once: another one may be added meanwhile.
      newest = added
      await writeWhole(pathOf(added.id), text)
      stored.push({ version: withoutText(added), bytes: Buffer.byteLength(text) })
      for (const id of excess(stored)) await rm(pathOf(id), { force: true })
      return added
    },
    list: () => stored.map(({ version }) => version).toReversed(),
    async read(id) {
      if (!stored.some(({ version }) => version.id === id)) return null
      return versionIn(await readFile(pathOf(id), 'utf8').catch(() => ''))
    },
  }
}

/** Takes what is too much out of the list. @returns the ids. */
function excess(stored: Stored[]): readonly number[] {
  let bytes = stored.reduce((sum, one) => sum + one.bytes, 0)
  const gone: number[] = []
  while (stored.length > versionsMax || (bytes > bytesMax && stored.length > 1)) {
    const oldest = stored.shift()
    if (oldest === undefined) break
    bytes -= oldest.bytes
    gone.push(oldest.version.id)
  }
  return gone
}

function withoutText({ id, hash, takenAtMs, how, by, name }: VersionText): Version {
  return { id, hash, takenAtMs, how, by, name }
}

/** Null for what nothing of this program has written whole. */
function versionIn(text: string): VersionText | null {
  try {
    const version = JSON.parse(text) as Partial<VersionText>
    return Number.isSafeInteger(version.id) && typeof version.text === 'string' ? (version as VersionText) : null
  } catch {
    return null
  }
}

async function openKey(path: string): Promise<Buffer> {
  const known = await readFile(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  })
  if (known?.length === keyBytes) return known
  const key = randomBytes(keyBytes)
  await writeWhole(path, key)
  return key
}

async function writeWhole(path: string, bytes: string | Buffer): Promise<void> {
  const fresh = `${path}.new`
  const file = await open(fresh, 'w', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(fresh, path)
}
