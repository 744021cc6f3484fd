import { read } from 'node:fs'
import { readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { closeFile, openFile, syncData, syncDirectory, writeParts } from './files.ts'

const readInto = promisify(read)
const chunkBytes = 1_048_576
const unfinished = '.new'

/**
 * Copies the first `bytes` bytes of an open file to a new file, which then takes the place of the one at `path`. So
 * they get other blocks of the disk, and positions in the file stay. Readers that have the old file open keep it.
 * @throws the system's error; the file at `path` is then as it was.
 */
export async function rewriteFile(file: number, path: string, bytes: number): Promise<void> {
  const freshPath = path + unfinished
  const fresh = await openFile(freshPath, 'w', 0o600)
  try {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, bytes))
    for (let at = 0; at < bytes; ) {
      const { bytesRead } = await readInto(file, chunk, 0, Math.min(chunk.byteLength, bytes - at), at)
      if (bytesRead === 0) throw new Error('The segment is shorter than what was written to it.')
      await writeParts(fresh, [chunk.subarray(0, bytesRead)], at, bytesRead)
      at += bytesRead
    }
    await syncData(fresh)
    await rename(freshPath, path)
  } catch (error) {
    await rm(freshPath, { force: true }).catch(() => {})
    throw error
  } finally {
    await closeFile(fresh)
  }
  await syncDirectory(dirname(path))
}

/** Removes what a process that died left of `rewriteFile`. */
export async function removeUnfinished(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.endsWith(`.seg${unfinished}`)) await rm(join(directory, name), { force: true })
  }
}
