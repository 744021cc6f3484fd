import { appendFile, mkdir, open, readdir, readFile, rename, truncate } from 'node:fs/promises'
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
    await mkdir(directory, { recursive: true, mode: 0o750 })
    await this.#check(directory)
    await rename(temporary, join(directory, name))
    // Both the new name and the directories that lead to it must survive a power cut before the cursor moves.
    for (const one of [directory, dirname(directory), this.#directory]) await syncDirectory(one)
    await note(directory, { file: name, ...facts })
  }

  /** Once per hour and process: a crash may have left the manifest without the newest files, or with half a line. */
  async #check(directory: string): Promise<void> {
    if (this.#checked.has(directory)) return
    const known = await readManifest(join(directory, manifestName))
    for (const name of await readdir(directory)) {
      if (!name.startsWith(`${this.#feed}-`) || known.has(name)) continue
      await note(directory, { file: name, records: await this.#countOf(join(directory, name)), found: true })
    }
    this.#checked.add(directory)
  }
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

/** Names in a manifest. Cuts half a line off its end. */
async function readManifest(path: string): Promise<ReadonlySet<string>> {
  const text = await readFile(path, 'utf8').catch(error => {
    if (codeOf(error) === 'ENOENT') return ''
    throw error
  })
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  if (whole.length < text.length) await truncate(path, Buffer.byteLength(whole))
  const lines = whole.split('\n').filter(line => line !== '')
  return new Set(lines.map(line => (JSON.parse(line) as { readonly file: string }).file))
}
