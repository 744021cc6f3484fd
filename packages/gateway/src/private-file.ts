/**
 * Files that only their user may read: tokens, and what a demonstration leaves for the commands that run besides it.
 */
import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open } from 'node:fs/promises'

/**
 * Why a file is refused. `exposed`: group or others may read or write it. `foreign`: it belongs to another user. `odd`:
 * it is a link, a directory, a pipe, or too large. `unreadable`: the system refuses to open it.
 */
export type PrivateFileProblem = 'exposed' | 'foreign' | 'odd' | 'unreadable'

export class PrivateFileError extends Error {
  readonly problem: PrivateFileProblem

  /** @param reason completes the sentence "cannot be used: ". */
  constructor(problem: PrivateFileProblem, reason: string, options?: ErrorOptions) {
    super(reason, options)
    this.name = 'PrivateFileError'
    this.problem = problem
  }
}

/**
 * Text of a file that only its user may read; null when there is none.
 * @param bytesMax larger files are refused.
 * @throws PrivateFileError
 */
export async function readPrivateFile(path: string, bytesMax: number): Promise<string | null> {
  const file = await openNoFollow(path)
  if (file === null) return null
  try {
    const facts = await file.stat()
    if (!facts.isFile()) throw new PrivateFileError('odd', 'it is no ordinary file')
    requireOwn(facts)
    const mode = facts.mode & 0o777
    if (hasRights(facts, openToOthers)) {
      throw new PrivateFileError('exposed', `others can read or write it (mode ${octal(mode)})`)
    }
    if (facts.size > bytesMax) throw new PrivateFileError('odd', 'it is far too large')
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

/**
 * Checks that only the user can put files into a directory.
 * @throws PrivateFileError
 */
export async function requireOwnDirectory(path: string): Promise<void> {
  const facts = await lstat(path)
  if (!facts.isDirectory()) throw new PrivateFileError('odd', 'it is no directory')
  requireOwn(facts)
  const mode = facts.mode & 0o777
  if (hasRights(facts, writableByOthers)) {
    throw new PrivateFileError('exposed', `others can write into it (mode ${octal(mode)})`)
  }
}

/** True when a file belongs to another user. Never on Windows, which has neither owner nor mode in this sense. */
export function isForeign({ uid }: Pick<Stats, 'uid'>): boolean {
  return process.getuid !== undefined && uid !== process.getuid()
}

/** True when a file's mode has one of these bits. Never on Windows. */
export function hasRights({ mode }: Pick<Stats, 'mode'>, bits: number): boolean {
  return process.getuid !== undefined && (mode & bits) !== 0
}

/** Bits of a mode: group or others can write, or can do anything. */
export const writableByOthers = 0o022
export const openToOthers = 0o077

function requireOwn(facts: Pick<Stats, 'uid'>): void {
  if (isForeign(facts)) throw new PrivateFileError('foreign', 'it belongs to another user')
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

async function openNoFollow(path: string): Promise<FileHandle | null> {
  try {
    // A link could lead to a file that another user chose; and opening a pipe must not wait for its writer.
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    if (code === 'ELOOP') throw new PrivateFileError('odd', 'it is a symbolic link', { cause })
    throw new PrivateFileError('unreadable', code ?? 'unreadable', { cause })
  }
}
