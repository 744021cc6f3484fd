/** The disk of the ledger. Writes one small file and removes it; opens nothing of the ledger. */
import { randomBytes } from 'node:crypto'
import { type FileHandle, open, readdir, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { codeOf } from '../errors.ts'
import { holderOf, journalPath, liveHolderOf } from '../ledger/directory.ts'
import { hasRights, isForeign, writableByOthers } from '../private-file.ts'
import { type Check, type Finding, failure, note, ok, type Subject, warning } from './index.ts'
import { ledgersOf } from './ledgers.ts'

export const disk: Check = {
  looksAt:
    "The ledger's directory: owner and mode, kind of file system, free space against what the journal has grown and `ledger.retain`, time of a synced write, and which process has it open.",
  timeoutMs: 15_000,
  async run(subject) {
    const { ledger } = subject.config
    // Each replica makes a directory of its own in one that is shared, and the shared one may be anybody's.
    const directory = ledger.shared ? join(ledger.directory, 'replica-N') : ledger.directory
    const place = await placeFor(directory)
    if (!('path' in place)) return [place]
    const rights = await rightsOf(place)
    if (rights !== null && rights.level === 'failure') return [rights]
    const found = [
      ...[rights].filter(finding => finding !== null),
      ...(await fileSystem(place.path)),
      ...(await space(place.path, subject)),
      ...(await synced(place.path, subject)),
      ...(place.isMade ? holder(directory) : []),
    ]
    return found
  },
}

interface LedgerPlace {
  /** The directory, or the one in which it will be made. */
  readonly path: string
  readonly isMade: boolean
}

async function placeFor(directory: string): Promise<LedgerPlace | Finding> {
  for (let path = directory; ; path = dirname(path)) {
    try {
      const facts = await stat(path)
      if (facts.isDirectory()) return { path, isMade: path === directory }
      return failure(`${path} is no directory.`, 'Move that file away, or set ledger.directory to another path.')
    } catch (error) {
      const code = codeOf(error)
      if (code === 'ENOENT' && path !== dirname(path)) continue
      if (code === 'ENOTDIR') continue
      const found = `${path} cannot be looked at (${code ?? 'unknown reason'}).`
      return failure(found, 'Let this user enter it, or set ledger.directory to another path.')
    }
  }
}

const openToRead = 0o055

async function rightsOf({ path, isMade }: LedgerPlace): Promise<Finding | null> {
  if (!isMade) return null
  const facts = await stat(path)
  const mode = (facts.mode & 0o777).toString(8).padStart(4, '0')
  if (isForeign(facts))
    return failure(
      `${path} belongs to another user (uid ${facts.uid}); the ledger will not open.`,
      'Run doctor as the user of the gateway, or give the directory to it (chown).',
    )
  if (hasRights(facts, writableByOthers))
    return failure(`Others can write into ${path} (mode ${mode}); the ledger will not open.`, `chmod go-w ${path}`)
  if (hasRights(facts, openToRead))
    return warning(`Others can look into ${path} (mode ${mode}): it holds prompts.`, `chmod 700 ${path}`)
  return ok(`${path} is this user's alone (mode ${mode}).`)
}

const memory = [
  'it is in memory: a restart of the machine loses all records',
  'Set ledger.directory to a disk that stays.',
] as const
const windowsShare = [
  'it keeps no locks and modes as a disk does',
  'Set ledger.directory to a disk, or to an NFS volume.',
] as const
const layered = [
  'it is the file system of a container, which goes with it: its records are lost then',
  'Mount a volume, and set ledger.directory to it.',
] as const
const network = [
  'each write crosses the network, and a server that is away stops calls',
  'Use a local or managed disk where you can; otherwise one directory per replica, mounted with hard.',
] as const

interface FileSystemFacts {
  readonly name: string
  /** Why a ledger should not be there, and what to do. */
  readonly risk: readonly [found: string, next: string]
}

/** By the number of `statfs(2)`: those that a ledger should not be on. */
const fileSystems: ReadonlyMap<number, FileSystemFacts> = new Map([
  [0x6969, { name: 'NFS', risk: network }],
  [0xff534d42, { name: 'SMB', risk: windowsShare }],
  [0xfe534d42, { name: 'SMB', risk: windowsShare }],
  [0x517b, { name: 'SMB', risk: windowsShare }],
  [0x01021994, { name: 'tmpfs', risk: memory }],
  [0x858458f6, { name: 'ramfs', risk: memory }],
  [0x794c7630, { name: 'overlay', risk: layered }],
])

/** Exported for a test: a machine does not have all of them. @param type number of `statfs(2)`. */
export function fileSystemFindings(type: number): readonly Finding[] {
  const known = fileSystems.get(type)
  if (known === undefined) return []
  const [found, next] = known.risk
  return [warning(`Its file system is ${known.name}: ${found}.`, next)]
}

async function fileSystem(path: string): Promise<readonly Finding[]> {
  // The numbers are Linux's.
  return process.platform === 'linux' ? fileSystemFindings(Number((await statfs(path)).type) >>> 0) : []
}

/** Less than this and the journal can be full within minutes. Bytes. */
const freeBytesLeast = 268_435_456
const freeShareLeast = 0.05
const dayMs = 86_400_000

async function space(path: string, { config, clock }: Subject): Promise<readonly Finding[]> {
  const { bavail, bsize, blocks } = await statfs(path)
  const freeBytes = bavail * bsize
  const free = sizeText(freeBytes)
  if (freeBytes < freeBytesLeast) {
    const then = config.ledger.whenUnwritable === 'refuse' ? 'calls are refused' : 'records are lost'
    return [failure(`Its disk has ${free} left: when it is full, ${then}.`, 'Free space, or enlarge the disk.')]
  }
  const growth = await growthOf((await ledgersOf(config.ledger)).map(journalPath), clock())
  const days = Math.round(config.ledger.retain.bodies / dayMs)
  if (growth !== null) {
    const missing = growth.bytesPerDay * Math.max(0, days - growth.days)
    if (missing > freeBytes) {
      const found = `The journal grows by ${sizeText(growth.bytesPerDay)} a day; ${free} are left, and ${days} days need ${sizeText(missing)} more.`
      return [warning(found, 'Enlarge the disk, or shorten ledger.retain.bodies.')]
    }
  }
  if (freeBytes < blocks * bsize * freeShareLeast)
    return [warning(`Its disk has ${free} left, less than 5 %.`, 'Free space, or enlarge the disk.')]
  return [ok(`Its disk has ${free} left.`)]
}

interface Growth {
  readonly bytesPerDay: number
  /** Days that the oldest journal covers. */
  readonly days: number
}

/** Null for journals of less than a day: they say nothing about the days that follow. */
async function growthOf(journals: readonly string[], nowMs: number): Promise<Growth | null> {
  const paths = (await Promise.all(journals.map(filesIn))).flat()
  const facts = (await Promise.all(paths.map(path => stat(path).catch(() => null)))).filter(
    one => one?.isFile() === true,
  )
  const bytes = facts.reduce((sum, one) => sum + (one?.size ?? 0), 0)
  const oldestMs = facts.reduce((least, one) => Math.min(least, one?.mtimeMs ?? nowMs), nowMs)
  const days = (nowMs - oldestMs) / dayMs
  return days < 1 ? null : { bytesPerDay: bytes / days, days }
}

async function filesIn(journal: string): Promise<readonly string[]> {
  const names = await readdir(journal).catch(() => [])
  return names.map(name => join(journal, name))
}

function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let size = bytes
  let unit = 0
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024
    unit += 1
  }
  return `${size >= 100 || unit === 0 ? Math.round(size) : Math.round(size * 10) / 10} ${units[unit]}`
}

const syncs = 5

/** Writes and syncs a small file a few times, as the journal does. */
async function synced(path: string, { config, slow }: Subject): Promise<readonly Finding[]> {
  const file = join(path, `.doctor.${randomBytes(6).toString('hex')}`)
  try {
    const handle = await open(file, 'wx', 0o600)
    try {
      const ms = await medianSync(handle)
      return [syncFinding(ms, config.ledger.fsync === 'batch', slow.fsyncMs)]
    } finally {
      await handle.close()
      await rm(file, { force: true })
    }
  } catch (error) {
    return [unwritable(path, codeOf(error) ?? 'unknown reason')]
  }
}

async function medianSync(handle: FileHandle): Promise<number> {
  const times: number[] = []
  for (let at = 0; at < syncs; at += 1) {
    const beganAt = performance.now()
    await handle.write(Buffer.alloc(4_096, 'x'))
    await handle.datasync()
    times.push(performance.now() - beganAt)
  }
  return times.sort((a, b) => a - b)[Math.floor(syncs / 2)] ?? 0
}

function syncFinding(ms: number, isBatch: boolean, slowMs: number): Finding {
  const found = `A synced write takes ${ms.toFixed(1)} ms`
  if (ms < slowMs) return ok(`${found}.`)
  const effect = isBatch ? 'each call waits for one (ledger.fsync: batch)' : 'the disk is slow or busy'
  return warning(`${found}: ${effect}.`, 'Use a faster disk (premium SSD), or one that other programs leave alone.')
}

function unwritable(path: string, code: string): Finding {
  const found = `${path} cannot be written (${code}).`
  if (code === 'ENOSPC' || code === 'EDQUOT') return failure(found, 'The disk is full: free space on it.')
  if (code === 'EROFS') return failure(found, 'Mount the file system for writing, or change ledger.directory.')
  return failure(found, 'Change its owner or mode, or set ledger.directory to another path.')
}

function holder(directory: string): readonly Finding[] {
  const pid = holderOf(directory)
  if (pid === null) return []
  if (liveHolderOf(directory) !== null) return [ok(`Process ${pid} has the ledger open.`)]
  const found = `Process ${pid} had the ledger open and did not close it.`
  return [note(found, 'Nothing: the next start finds what it left open. After a crash, its log says more.')]
}
