import { appendFile, mkdir, open, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { codeOf } from '../../../errors.ts'
import { syncDirectory } from '../../journal/files.ts'
import type { FinishedFile } from '../filing/place.ts'

/** Name of the manifest of an hour. Readers such as Spark ignore names that begin with an underscore. */
const manifestName = '_manifest.jsonl'

/** The directories of hours, and their manifests. */
export class Hours {
  readonly #directory: string
  readonly #feed: string
  readonly #countOf: (path: string) => Promise<number>
  readonly #checked = new Set<string>()

  constructor(directory: string, feed: string, countOf: (path: string) => Promise<number>) {
    this.#directory = directory
    this.#feed = feed
    this.#countOf = countOf
  }

  /** Makes a file visible in one step, and notes it in the manifest of its hour. */
  async publish(file: FinishedFile): Promise<void> {
    const { temporary, hour, name, ...facts } = file
    const directory = join(this.#directory, hour)
    // Step by step, and not what is around them: a file system that is gone must not be replaced by a directory.
    for (const one of [dirname(directory), directory]) await makeDirectory(one)
    await this.#check(directory)
    await rename(temporary, join(directory, name))
    // Both the new name and the directories that lead to it must survive a power cut before the cursor moves.
    for (const one of [directory, dirname(directory), this.#directory]) await syncDirectory(one)
    try {
      await note(directory, { file: name, ...facts })
    } catch (error) {
      // The manifest may end in half a line, and lacks a file: it is checked before the next line.
      this.#checked.delete(directory)
      throw error
    }
  }

  /** Once per hour and process, and after a failure: the manifest may lack the newest files, or end in half a line. */
  async #check(directory: string): Promise<void> {
    if (this.#checked.has(directory)) return
    const known = await mendManifest(join(directory, manifestName))
    for (const name of await readdir(directory)) {
      if (!name.startsWith(`${this.#feed}-`) || known.has(name)) continue
      await note(directory, { file: name, records: await this.#countOf(join(directory, name)), found: true })
    }
    this.#checked.add(directory)
  }
}

/** Makes a directory unless it is there. What it is in must exist. */
export async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { mode: 0o750 }).catch(error => {
    if (codeOf(error) !== 'EEXIST') throw error
  })
}

async function note(directory: string, line: object): Promise<void> {
  const path = join(directory, manifestName)
  await appendFile(path, `${JSON.stringify(line)}\n`, { mode: 0o640 })
  const file = await open(path, 'r+')
  try {
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** Names in a manifest. A manifest that holds anything but whole lines is replaced by one that has only these. */
async function mendManifest(path: string): Promise<ReadonlySet<string>> {
  const text = await readFile(path, 'utf8').catch(error => {
    if (codeOf(error) === 'ENOENT') return ''
    throw error
  })
  const lines = text.split('\n').filter(line => line !== '')
  const files = lines.map(fileOf)
  const whole = lines.filter((_, index) => files[index] !== null).map(line => `${line}\n`)
  const mended = whole.join('')
  if (mended !== text) {
    const fresh = `${path}.new`
    await writeFile(fresh, mended, { mode: 0o640, flush: true })
    await rename(fresh, path)
  }
  return new Set(files.filter(file => file !== null))
}

/** Name of the file in a line of a manifest; null where it is not a line that was written whole. */
function fileOf(line: string): string | null {
  try {
    const parsed: unknown = JSON.parse(line)
    if (typeof parsed !== 'object' || parsed === null || !('file' in parsed)) return null
    return typeof parsed.file === 'string' ? parsed.file : null
  } catch {
    return null
  }
}
