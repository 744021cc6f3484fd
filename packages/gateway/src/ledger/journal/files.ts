/** The few file operations of the writer, as promises that cost one callback each. */
import { close, fdatasync, fsync, ftruncate, open, write, writev, writevSync } from 'node:fs'
import { promisify } from 'node:util'

export const openFile = promisify(open)
export const closeFile = promisify(close)
export const syncData = promisify(fdatasync)
export const syncAll = promisify(fsync)
export const truncateFile = promisify(ftruncate)

/**
 * Writes all of `parts` at `position`; rejects with the error of the system, after which the bytes from `position` on
 * are undefined.
 */
export function writeParts(file: number, parts: readonly Uint8Array[], position: number, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const go = (rest: readonly Uint8Array[], at: number, left: number): void => {
      const done = (error: NodeJS.ErrnoException | null, written: number): void => {
        if (error !== null) reject(error)
        else if (written === left) resolve()
        else if (written === 0) reject(new Error('The file takes no more bytes.'))
        else go(partsAfter(rest, written), at + written, left - written)
      }
      const only = rest.length === 1 ? rest[0] : undefined
      if (only === undefined) writev(file, rest as Uint8Array[], at, done)
      else write(file, only, 0, only.byteLength, at, done)
    }
    go(parts, position, bytes)
  })
}

/** Like `writeParts`, on this thread. */
export function writePartsInline(file: number, parts: readonly Uint8Array[], position: number, bytes: number): void {
  let rest = parts
  for (let done = 0; done < bytes; ) {
    const written = writevSync(file, rest as Uint8Array[], position + done)
    if (written === 0) throw new Error('The file takes no more bytes.')
    done += written
    if (done < bytes) rest = partsAfter(rest, written)
  }
}

/** `parts` without their first `bytes` bytes. */
function partsAfter(parts: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const rest: Uint8Array[] = []
  let skip = bytes
  for (const part of parts) {
    if (skip >= part.byteLength) {
      skip -= part.byteLength
      continue
    }
    rest.push(skip === 0 ? part : part.subarray(skip))
    skip = 0
  }
  return rest
}

/**
 * Makes the names in a directory survive a power cut. Some file systems reject this for directories; they do not need
 * it.
 */
export async function syncDirectory(path: string): Promise<void> {
  let file: number
  try {
    file = await openFile(path, 'r')
  } catch {
    return
  }
  try {
    await syncAll(file)
  } catch {
    // EINVAL on file systems that do not sync directories.
  } finally {
    await closeFile(file)
  }
}
