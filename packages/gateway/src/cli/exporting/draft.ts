/** The file of an export while it is not whole, and what is needed to resume it. */
import { constants } from 'node:fs'
import { type FileHandle, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { codeOf } from '../../errors.ts'
import { PrivateFileError, readPrivateFile } from '../../private-file.ts'
import { CliError } from '../errors.ts'
import { LineFault, LineSums } from './line-sums.ts'
import type { Answered, Begun, Manifest } from './manifest.ts'

/** Beside the file. */
export interface DraftState {
  /** The options of the filter that the export began with, as they were typed. */
  readonly typed: string
  readonly begun: Begun
  /** Null before the first answer. */
  readonly answered: Answered | null
  readonly exports: readonly string[]
}

const stateBytesMax = 1_048_576
const readBytes = 1_048_576

export const manifestPath = (path: string): string => `${path}.manifest.json`
const draftPath = (path: string): string => `${path}.part`
const statePath = (path: string): string => `${path}.part.json`

export class Draft {
  readonly path: string
  readonly sums: LineSums
  #state: DraftState
  readonly #file: FileHandle

  private constructor(path: string, file: FileHandle, sums: LineSums, state: DraftState) {
    this.path = path
    this.#file = file
    this.sums = sums
    this.#state = state
  }

  /** @throws CliError export_unfinished */
  static async requireNone(path: string): Promise<void> {
    if ((await stat(draftPath(path)).catch(() => null)) !== null) throw unfinished(path)
  }

  /** @throws CliError export_unfinished where an earlier export to this file broke off, file_unwritable */
  static async begin(path: string, state: DraftState): Promise<Draft> {
    try {
      const file = await open(draftPath(path), 'wx', 0o600)
      const draft = new Draft(path, file, new LineSums(), state)
      await draft.#save()
      return draft
    } catch (error) {
      throw codeOf(error) === 'EEXIST' ? unfinished(path) : unwritable(path, error)
    }
  }

  /** Goes on with the whole lines of an earlier one. @throws CliError export_missing, export_damaged */
  static async resume(path: string): Promise<Draft> {
    const state = await readState(path)
    const file = await open(draftPath(path), constants.O_RDWR | constants.O_NOFOLLOW).catch(error => {
      throw codeOf(error) === 'ENOENT' ? missing(path) : unwritable(path, error)
    })
    const sums = new LineSums()
    try {
      await readThrough(file, sums)
    } catch (error) {
      await file.close()
      throw error instanceof LineFault ? damaged(draftPath(path), error.message) : unwritable(path, error)
    }
    const draft = new Draft(path, file, sums, state)
    await draft.dropOpenLine()
    return draft
  }

  async write(chunk: Uint8Array): Promise<void> {
    const at = this.sums.bytes + this.sums.openBytes
    for (let written = 0; written < chunk.byteLength; ) {
      const left = chunk.byteLength - written
      const { bytesWritten } = await this.#file.write(chunk, written, left, at + written).catch(error => {
        throw unwritable(this.path, error)
      })
      written += bytesWritten
    }
    this.sums.push(chunk)
  }

  async dropOpenLine(): Promise<void> {
    this.sums.dropOpenLine()
    await this.#file.truncate(this.sums.bytes)
  }

  get state(): DraftState {
    return this.#state
  }

  async note(answered: Answered): Promise<void> {
    const { exports } = this.#state
    const all = exports.includes(answered.id) ? exports : [...exports, answered.id]
    this.#state = { ...this.#state, answered, exports: all }
    await this.#save()
  }

  async #save(): Promise<void> {
    await writeWhole(statePath(this.path), JSON.stringify(this.#state)).catch(error => {
      throw unwritable(this.path, error)
    })
  }

  /** Puts the file and its manifest in their places. The manifest comes first: no file is ever without one. */
  async finish(manifest: Manifest): Promise<void> {
    try {
      await this.#file.sync()
      await this.#file.close()
      await writeWhole(manifestPath(this.path), `${JSON.stringify(manifest, null, 2)}\n`)
      await rename(draftPath(this.path), this.path)
      await rm(statePath(this.path), { force: true })
    } catch (error) {
      throw unwritable(this.path, error)
    }
  }

  /** Leaves it as it is, to be resumed; nothing is left where nothing has come. */
  async leave(): Promise<void> {
    await this.#file.close().catch(() => {})
    if (this.sums.records > 0) return
    for (const path of [draftPath(this.path), statePath(this.path)]) await rm(path, { force: true })
  }
}

/** @throws CliError file_exists */
export async function requireFree(path: string): Promise<void> {
  for (const taken of [path, manifestPath(path)]) {
    const found = await stat(taken).catch(() => null)
    if (found === null) continue
    const why = 'An export is never written over another file.'
    throw new CliError('file_exists', `There is a file ${taken}.`, why, 'another name, or remove the file first')
  }
}

/** Reads a file from its beginning. @throws LineFault, and the system's error. */
export async function readThrough(file: FileHandle, sums: LineSums): Promise<void> {
  const buffer = Buffer.allocUnsafe(readBytes)
  for (let at = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, at)
    if (bytesRead === 0) return
    sums.push(buffer.subarray(0, bytesRead))
    at += bytesRead
  }
}

/** The manifest of an export. @throws CliError manifest_missing, manifest_unreadable */
export async function readManifest(path: string): Promise<Manifest> {
  const text = await readFile(manifestPath(path), 'utf8').catch(error => {
    const what = `The manifest ${basename(manifestPath(path))} cannot be read (${codeOf(error)}).`
    throw new CliError('manifest_missing', what, 'It is beside the file that it belongs to.')
  })
  try {
    return JSON.parse(text) as Manifest
  } catch (cause) {
    const what = `The manifest ${basename(manifestPath(path))} is not JSON.`
    throw new CliError('manifest_unreadable', what, null, null, { cause })
  }
}

async function readState(path: string): Promise<DraftState> {
  try {
    const text = await readPrivateFile(statePath(path), stateBytesMax)
    if (text === null) throw missing(path)
    return JSON.parse(text) as DraftState
  } catch (error) {
    if (error instanceof CliError) throw error
    const why = error instanceof PrivateFileError ? error.message : 'it is not JSON'
    throw damaged(statePath(path), `It cannot be used: ${why}.`)
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`
  await rm(temporary, { force: true })
  const file = await open(temporary, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}

function unfinished(path: string): CliError {
  const what = `An export to ${path} broke off before it was whole.`
  const next = `the same with --resume, or remove ${draftPath(path)} and ${statePath(path)}`
  return new CliError('export_unfinished', what, null, next)
}

function missing(path: string): CliError {
  const what = `There is no export to ${path} that could be resumed.`
  return new CliError('export_missing', what, `${draftPath(path)} is not there.`, 'the same without --resume')
}

function damaged(path: string, why: string): CliError {
  return new CliError('export_damaged', `${path} is not as it was written.`, why, 'remove it, and export again')
}

function unwritable(path: string, cause: unknown): CliError {
  if (cause instanceof CliError) return cause
  const what = `The file ${path} cannot be written (${codeOf(cause)}).`
  return new CliError('file_unwritable', what, null, null, { cause })
}
