/** The configuration file on the disk: replaced whole, or not at all. */
import { randomUUID } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { access, type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { codeOf } from '../../errors.ts'
import { ApplyError, type ApplyState } from './index.ts'

/** Whether this process can replace the file, before it tries. A link is followed: its target is replaced. */
export async function canReplace(path: string): Promise<Exclude<ApplyState, 'off'>> {
  try {
    await access(dirname(await realpath(path)), constants.W_OK)
    return 'allowed'
  } catch (error) {
    return codeOf(error) === 'EROFS' ? 'read_only' : 'no_permission'
  }
}

/** A new text beside the file, on the disk already. */
export interface Replacement {
  /** Puts it in the place of the file, in one step. */
  replace(): Promise<void>
  discard(): Promise<void>
}

/**
 * Writes a text beside the file, with the mode and the owner of the file.
 * @throws ApplyError
 */
export async function writeBeside(path: string, text: string): Promise<Replacement> {
  try {
    const target = await realpath(path)
    const fresh = join(dirname(target), `.${basename(target)}.${randomUUID()}.new`)
    await written(fresh, text, await stat(target))
    return {
      async replace() {
        await rename(fresh, target)
        await syncDirectory(dirname(target))
      },
      discard: () => rm(fresh, { force: true }),
    }
  } catch (cause) {
    throw faultOf(cause, path)
  }
}

async function written(fresh: string, text: string, like: Stats): Promise<void> {
  const file = await open(fresh, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await keepOwner(file, like)
    await file.chmod(like.mode & 0o7777)
    await file.sync()
  } catch (error) {
    await rm(fresh, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

async function keepOwner(file: FileHandle, { uid, gid }: Stats): Promise<void> {
  const own = await file.stat()
  if (own.uid !== uid || own.gid !== gid) await file.chown(uid, gid)
}

/** What was renamed is there after a loss of power. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

function faultOf(cause: unknown, path: string): ApplyError {
  const code = codeOf(cause)
  if (code === 'EROFS') return new ApplyError('read_only', adviceOf('read_only', path), { cause })
  if (code === 'EACCES' || code === 'EPERM')
    return new ApplyError('no_permission', adviceOf('no_permission', path), { cause })
  const message = `${path} could not be written (${code ?? 'unknown'}). It is as it was.`
  return new ApplyError('unwritable', message, { cause })
}

/** Why a configuration cannot be applied, and what to do. */
export function adviceOf(state: Exclude<ApplyState, 'allowed'>, path: string): string {
  const advice = {
    off: 'Applying a configuration is switched off. The gateway’s operator can allow it with admin.applyConfiguration: true in the file; until then, put the text there by hand.',
    read_only: `${path} is on a read-only file system, as a ConfigMap is. Change it where it comes from; the gateway takes it when it arrives.`,
    no_permission: `This process may not replace ${path}, or may not keep its owner. Give its user the right to write in that directory, or change the file by hand.`,
  } as const
  return advice[state]
}
