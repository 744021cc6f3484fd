/**
 * Directories of replicas on one volume that they share, as an NFS share in Container Apps: `replica-1`, `replica-2`,
 * and so on. Each process holds one by a lease, so that a new process goes on with the journal of one that has died,
 * and no two write into the same one.
 *
 * A lease is the file `lease-NNNNNN` with the highest number in a directory. Its holder writes it anew at short
 * intervals. Another process takes a directory when it has looked ten times and the file is as it was, or when it says
 * that it was released; clocks of machines are never compared. It creates the file with the next number, which succeeds
 * for one process only, and marks the old file, by which a holder that only slept learns that it is none any more. What
 * such a holder still writes is never read: each process writes segments of its own, and a segment counts as far as its
 * successor says (`journal/segments.ts`).
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { codeOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { LedgerError } from './index.ts'

/** A directory that this process holds. */
export interface Slot {
  readonly directory: string
  /** Another process may take it at once. */
  release(): Promise<void>
}

export interface SlotParts {
  readonly log: Log
  /** Called once, when another process has taken the directory: this one no longer owns its ledger, and must end. */
  readonly lost: () => void
  /** Milliseconds between two signs of life, and between two looks at those of others. Default 2,000. */
  readonly beatMs?: number
  /** Looks without a sign of life after which a holder counts as dead. Default 10. */
  readonly looksMax?: number
}

interface Lease {
  readonly directory: string
  readonly number: number
  /** As it was read: it changes with each sign of life. */
  readonly text: string
}

const beatMsDefault = 2_000
const looksMaxDefault = 10
/** A sign of life is written over the one before in a single write, so all have the same length. */
const textBytes = 64
/** More replicas than this share no volume. */
const slotsMax = 1_000
const released = 'released'
const taken = 'taken'
const fileName = /^lease-(\d{6,})$/

/**
 * Takes the first directory that no living process holds; makes one more when all are held.
 * @param base the volume, or a directory on it. Made when it is missing.
 * @throws LedgerError `ledger_directory` when it cannot be used.
 */
export async function takeSlot(base: string, parts: SlotParts): Promise<Slot> {
  try {
    mkdirSync(base, { recursive: true, mode: 0o700 })
    const slot = (await takeFree(base, parts)) ?? (await takeDead(base, parts))
    return slot ?? (await takeNew(base, parts))
  } catch (cause) {
    if (cause instanceof LedgerError) throw cause
    const why = codeOf(cause) ?? String(cause)
    throw new LedgerError(
      'ledger_directory',
      `No directory of a replica could be taken in ${base} (${why}). Check that this user may write there, or set ledger.directory to another path.`,
      { cause },
    )
  }
}

/** One that its holder has released. */
async function takeFree(base: string, parts: SlotParts): Promise<Slot | null> {
  for (const lease of await leasesIn(base)) {
    const slot = lease.text === released ? await take(lease, parts) : null
    if (slot !== null) return slot
  }
  return null
}

/** One with a holder that is silent. All are watched at once, until each has shown a sign of life. */
async function takeDead(base: string, parts: SlotParts): Promise<Slot | null> {
  const silent = new Map((await leasesIn(base)).map(lease => [lease.directory, lease]))
  const { beatMs = beatMsDefault, looksMax = looksMaxDefault } = parts
  for (let look = 0; look < looksMax && silent.size > 0; look += 1) {
    await delay(beatMs)
    for (const { directory, number, text } of await leasesIn(base)) {
      const before = silent.get(directory)
      const isSilent = number === before?.number && (text === before.text || text === released)
      if (!isSilent) silent.delete(directory)
    }
  }
  for (const lease of silent.values()) {
    const slot = await take(lease, parts)
    if (slot !== null) return slot
  }
  return null
}

async function takeNew(base: string, parts: SlotParts): Promise<Slot> {
  const held = new Set((await leasesIn(base)).map(({ directory }) => directory))
  for (let at = 1; at <= slotsMax; at += 1) {
    const directory = join(base, `replica-${at}`)
    if (held.has(directory)) continue
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const slot = await take({ directory, number: 0, text: '' }, parts)
    if (slot !== null) return slot
  }
  throw new LedgerError('ledger_directory', `${base} has ${slotsMax} directories of replicas, and all are held.`)
}

/** The directories of replicas in a shared one, in the order of their numbers. */
export async function slotsIn(base: string): Promise<readonly string[]> {
  const names = (await readdir(base)).filter(name => /^replica-\d+$/.test(name))
  names.sort((a, b) => Number(a.slice(8)) - Number(b.slice(8)))
  return names.map(name => join(base, name))
}

/** The newest lease of each directory, in the order of the directories' numbers. */
async function leasesIn(base: string): Promise<readonly Lease[]> {
  const leases = await Promise.all((await slotsIn(base)).map(newestIn))
  return leases.filter(lease => lease !== null)
}

async function newestIn(directory: string): Promise<Lease | null> {
  const number = Math.max(0, ...(await numbersIn(directory)))
  if (number === 0) return null
  const text = await textOf(pathOf(directory, number))
  return text === null ? null : { directory, number, text }
}

async function numbersIn(directory: string): Promise<readonly number[]> {
  return (await readdir(directory)).flatMap(name => {
    const [, digits] = fileName.exec(name) ?? []
    return digits === undefined ? [] : [Number(digits)]
  })
}

function pathOf(directory: string, number: number): string {
  return join(directory, `lease-${String(number).padStart(6, '0')}`)
}

/** @returns null when another process was faster. */
async function take(lease: Lease, parts: SlotParts): Promise<Slot | null> {
  const { directory } = lease
  const number = lease.number + 1
  const text = `${randomUUID()} 0`
  try {
    await writeFile(pathOf(directory, number), text.padEnd(textBytes), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return null
    throw error
  }
  // A process that has slept since it looked may create the number of a lease that has come and gone.
  const numbers = await numbersIn(directory)
  if (numbers.some(other => other > number)) {
    await rm(pathOf(directory, number), { force: true })
    return null
  }
  for (const old of numbers.filter(other => other < number)) {
    await overwrite(pathOf(directory, old), taken)
    await rm(pathOf(directory, old), { force: true })
  }
  if (lease.text !== '' && lease.text !== released) parts.log.warn({ directory }, 'ledger_taken_over')
  return new HeldSlot({ directory, number, text }, parts)
}

/** Null where the file is gone. */
async function textOf(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if (isGone(error)) return null
    throw error
  }
}

/** Does nothing where the file is gone: it is never made anew. */
async function overwrite(path: string, text: string): Promise<void> {
  try {
    const file = await open(path, 'r+')
    try {
      await file.write(text.padEnd(textBytes), 0)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (!isGone(error)) throw error
  }
}

/** NFS says ESTALE of a file that another machine has removed. */
function isGone(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'ENOENT' || code === 'ESTALE'
}

class HeldSlot implements Slot {
  readonly directory: string
  readonly #path: string
  readonly #parts: SlotParts
  readonly #id: string
  readonly #timer: NodeJS.Timeout
  #beats = 0
  #beating: Promise<void> | null = null
  #isHeld = true

  constructor({ directory, number, text }: Lease, parts: SlotParts) {
    this.directory = directory
    this.#path = pathOf(directory, number)
    this.#parts = parts
    this.#id = text.slice(0, text.indexOf(' '))
    this.#timer = setInterval(() => {
      this.#beating ??= this.#beat().finally(() => {
        this.#beating = null
      })
    }, parts.beatMs ?? beatMsDefault)
    this.#timer.unref()
  }

  async release(): Promise<void> {
    clearInterval(this.#timer)
    await this.#beating
    if (!this.#isHeld) return
    this.#isHeld = false
    await overwrite(this.#path, released).catch(error => this.#warn(error))
  }

  async #beat(): Promise<void> {
    try {
      const found = await textOf(this.#path)
      if (found === null || !found.startsWith(this.#id)) return this.#lose()
      this.#beats += 1
      await overwrite(this.#path, `${this.#id} ${this.#beats}`)
    } catch (error) {
      this.#warn(error)
    }
  }

  #lose(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    clearInterval(this.#timer)
    this.#parts.log.error({ directory: this.directory }, 'ledger_lost')
    this.#parts.lost()
  }

  /** The volume cannot be reached. Others cannot either, or will take the directory, which the next beat sees. */
  #warn(error: unknown): void {
    this.#parts.log.warn({ directory: this.directory, reason: codeOf(error) ?? 'unknown' }, 'ledger_lease_unwritten')
  }
}
