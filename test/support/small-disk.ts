/** A small file system that can be filled and emptied. */
import { execFile } from 'node:child_process'
import { mkdtemp, open, rm, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Scope } from './world.ts'

const run = promisify(execFile)

export interface SmallDisk {
  readonly directory: string
  /** Takes all the space that is left. Again: also what programs have freed meanwhile. */
  fill(): Promise<void>
  /** Frees the space again. */
  empty(): Promise<void>
}

/** Mounts a tmpfs of this size until the test is over. */
export async function mountSmallDisk(scope: Scope, megabytes: number): Promise<SmallDisk> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-disk-'))
  scope.after(() => rmdir(directory))
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', directory])
  } catch (cause) {
    const why = 'A full disk is tested on a file system of its own, and mounting one (tmpfs) was refused.'
    throw new Error(`${why} Run this test as root on Linux, as in a container with CAP_SYS_ADMIN.`, { cause })
  }
  scope.after(() => run('umount', [directory]))
  const filler = join(directory, 'filler')
  return {
    directory,
    async fill() {
      const file = await open(filler, 'a')
      try {
        await writeUntilFull(file)
      } finally {
        await file.close()
      }
    },
    empty: () => rm(filler),
  }
}

async function writeUntilFull(file: { write(bytes: Uint8Array): Promise<unknown> }): Promise<void> {
  for (let bytes = 1 << 20; bytes >= 1; ) {
    try {
      await file.write(Buffer.alloc(bytes))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      bytes = Math.floor(bytes / 2)
    }
  }
}
