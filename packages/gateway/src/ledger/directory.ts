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

/**
 * Creates the ledger's directory where it is missing, for this user alone, and checks that it can be used. Prompts and completions stand in it:
 * one that belongs to another user, or into which others can write, is refused.
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
    // Access bits do not tell of read-only file systems, and mean nothing to root.
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

/** Writes a file that was not there under a name that nobody can foresee, so that it follows no link. @returns its path. */
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

/** Who has the ledger open. `processStartedAtMs` tells a process from one that had its number before, as all of them have in containers. */
interface Owner {
  readonly pid: number
  readonly processStartedAtMs: number
}

/**
 * Notes that this process has the ledger open. The store's file lock keeps other processes away but knows nothing of a second ledger in the
 * same one; this note does. Throws `ledger_in_use`.
 * @returns how to take the note away
 */
export function claimDirectory(path: string): () => void {
  const note = join(path, 'owner.json')
  const mine: Owner = { pid: process.pid, processStartedAtMs: performance.timeOrigin }
  const found = readOwner(note)
  if (found?.pid === mine.pid && found.processStartedAtMs === mine.processStartedAtMs) {
    throw new LedgerError('ledger_in_use', `The ledger in ${path} is already open in this process (${mine.pid}).`)
  }
  // A link that stands there is replaced, not followed.
  renameSync(writeNew(note, JSON.stringify(mine)), note)
  return () => rmSync(note, { force: true })
}

function readOwner(note: string): Owner | null {
  try {
    return JSON.parse(readFileSync(note, 'utf8')) as Owner
  } catch {
    return null
  }
}
