import { randomBytes } from 'node:crypto'
import {
  accessSync,
  constants,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { codeOf } from '../errors.ts'
import { hasRights, isForeign, writableByOthers } from '../private-file.ts'
import { LedgerError } from './index.ts'

/** Directory of the segments in a ledger's directory. */
export function journalPath(directory: string): string {
  return join(directory, 'journal')
}

/**
 * Creates the ledger's directory if it is missing, for this user only, and checks that it can be used. It holds prompts
 * and completions, so a directory that belongs to another user, or that others can write into, is refused.
 * @returns its absolute path.
 * @throws LedgerError `ledger_directory`
 */
export function prepareDirectory(directory: string): string {
  const path = resolve(directory)
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    const facts = statSync(path)
    if (!facts.isDirectory()) throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' })
    requireOwn(facts)
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
    // Access bits do not show a read-only file system, and mean nothing to root.
    rmSync(writeNew(join(path, '.writable'), ''))
  } catch (cause) {
    throw new LedgerError('ledger_directory', `The ledger's directory ${path} ${whatIsWrong(cause)}`, { cause })
  }
  return path
}

function requireOwn(facts: Stats): void {
  if (isForeign(facts)) throw Object.assign(new Error(`owned by ${facts.uid}`), { code: 'foreign' })
  // A user that can write into it can put a link where the ledger writes.
  if (hasRights(facts, writableByOthers))
    throw Object.assign(new Error(`mode ${facts.mode.toString(8)}`), { code: 'exposed' })
}

/** Writes a new file under a name that others cannot guess, so that it follows no link. @returns its path. */
function writeNew(path: string, text: string): string {
  const fresh = `${path}.${randomBytes(6).toString('hex')}`
  writeFileSync(fresh, text, { mode: 0o600, flag: 'wx' })
  return fresh
}

function whatIsWrong(cause: unknown): string {
  const code = codeOf(cause) ?? ''
  switch (code) {
    case 'ENOTDIR':
    case 'EEXIST':
      return 'is no directory, or lies below a file. Move that file away, or set ledger.directory to another path.'
    case 'EACCES':
    case 'EPERM':
      return 'cannot be written by this user. Change its owner or mode, or set ledger.directory to another path.'
    case 'foreign':
      return 'belongs to another user. Give it to this one (chown), or set ledger.directory to a directory below it, which is then made for this user alone.'
    case 'exposed':
      return 'can be written by others. Take that away (chmod go-w), or set ledger.directory to a directory below it, which is then made for this user alone.'
    case 'EROFS':
      return 'is on a read-only file system. Mount it for writing, or set ledger.directory to another path.'
    case 'ENOSPC':
    case 'EDQUOT':
      return 'is on a full disk. Free space there, or set ledger.directory to another path.'
    default:
      return `cannot be used (${code === '' ? String(cause) : code}). Check it, or set ledger.directory to another path.`
  }
}

/**
 * The process that has the ledger open. `processStartedAtMs` distinguishes it from an earlier one with the same number:
 * in containers, all have the same.
 */
interface LedgerHolder {
  readonly pid: number
  readonly processStartedAtMs: number
}

/**
 * Notes in a file that this process has the ledger open. The store's file lock excludes other processes, but not a
 * second ledger in the same process; this note does.
 * @returns a function that removes the note.
 * @throws LedgerError `ledger_in_use`
 */
export function claimDirectory(path: string): () => void {
  requireNotOpenHere(path)
  const note = join(path, 'owner.json')
  // A link of that name is replaced, not followed.
  renameSync(writeNew(note, JSON.stringify(mine)), note)
  return () => rmSync(note, { force: true })
}

const mine: LedgerHolder = { pid: process.pid, processStartedAtMs: performance.timeOrigin }

/** @throws LedgerError `ledger_in_use` when this process has the ledger open. */
export function requireNotOpenHere(path: string): void {
  const found = readHolder(join(path, 'owner.json'))
  if (found?.pid !== mine.pid || found.processStartedAtMs !== mine.processStartedAtMs) return
  throw new LedgerError('ledger_in_use', `The ledger in ${path} is already open in this process (${mine.pid}).`)
}

/** Number of the process that has the ledger open, or had it when it was killed; null when none is noted. */
export function holderOf(path: string): number | null {
  return readHolder(join(path, 'owner.json'))?.pid ?? null
}

/** Number of the process that has the ledger open now; null for none. */
export function liveHolderOf(path: string): number | null {
  const found = readHolder(join(path, 'owner.json'))
  if (found === null) return null
  const { pid, processStartedAtMs } = found
  const isLive = pid === mine.pid ? processStartedAtMs === mine.processStartedAtMs : isAlive(pid)
  return isLive ? pid : null
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // The process exists and belongs to another user.
    return codeOf(error) === 'EPERM'
  }
}

function readHolder(note: string): LedgerHolder | null {
  try {
    return JSON.parse(readFileSync(note, 'utf8')) as LedgerHolder
  } catch {
    return null
  }
}
