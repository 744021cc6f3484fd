/** Erasures of a ledger: their plans, their work step by step, and their certificates. */
import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../clock.ts'
import { uuidV7 } from '../../ids.ts'
import type { Log } from '../../log.ts'
import type { RunningFeeds } from '../feeds/running.ts'
import { LedgerError, QuestionError } from '../index.ts'
import { syncDirectory } from '../journal/files.ts'
import { type JournalPosition, positionAt } from '../journal/position.ts'
import { archivePath } from '../store/archives.ts'
import type { StoreClient } from '../store/client.ts'
import { certificateOf, type EraseProgress } from './certificate.ts'
import type {
  EraseCertificate,
  EraseFilter,
  EraseListener,
  ErasePlan,
  ErasePreview,
  EraseState,
  Erasures,
  HoldFilter,
  LegalHolds,
} from './index.ts'
import { readJson, writeJson } from './json-file.ts'
import { personOf } from './person.ts'

export interface ErasuresParts {
  /** Directory of the ledger. */
  readonly directory: string
  readonly store: Pick<StoreClient, 'ask'>
  readonly holds: LegalHolds
  readonly feeds: Pick<RunningFeeds, 'reopen' | 'readTo' | 'names'>
  /** Begins a segment: what was written before it is in files that nothing is added to. @returns its position. */
  readonly seal: () => Promise<JournalPosition>
  /** Loads everything that was written. */
  readonly loadAll: () => Promise<void>
  /** Work that nothing is deleted for its age during. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>
  readonly clock: Clock
  readonly log: Log
}

const everything: JournalPosition = positionAt(0x1f_ffff, 0)

export class OpenErasures implements Erasures {
  readonly #parts: ErasuresParts
  readonly #directory: string
  readonly #states = new Map<string, EraseState>()
  readonly #listeners: EraseListener[] = []
  readonly #newId: () => string
  #work: Promise<void> | null = null
  #telling: Promise<unknown> = Promise.resolve()
  #isStarting = false
  #isStopped = false

  constructor(parts: ErasuresParts) {
    this.#parts = parts
    this.#directory = erasuresPath(parts.directory)
    this.#newId = uuidV7(parts.clock)
    for (const id of this.#idsOf(certificateEnd)) this.#add(readCertificate(this.#directory, id, parts.log))
  }

  async preview(filter: EraseFilter): Promise<ErasePreview> {
    const { store, holds, feeds, loadAll } = this.#parts
    await loadAll()
    const standing = holds.list()
    const figures = await store.ask('eraseFigures', filter, everything, standing)
    const { records, archived, archives, segments, bodyBytes, firstMs, lastMs, heldRecords, name } = figures
    return {
      ...{ filter, name, records, archived, archives, segments, bodyBytes, heldRecords },
      ...{ fromMs: firstMs, toMs: lastMs },
      holds: standing.filter(hold => mayMeet(hold, filter)).map(({ id }) => id),
      feeds: feeds.names(),
    }
  }

  async start(filter: EraseFilter, reason: string, by: string): Promise<EraseState> {
    if (this.#isStopped) throw new LedgerError('ledger_closed', 'The ledger is being closed.')
    if (this.#isStarting || this.#work !== null || this.#idsOf(planEnd).length > 0) {
      throw new QuestionError('An erasure is under way: wait for its certificate, then order the next one.')
    }
    this.#isStarting = true
    try {
      const plan = await this.#plan(filter, reason, by)
      const progress: EraseProgress = { plan, figures: null, segments: [], damagedBytes: 0, shipped: null, files: null }
      await this.#save(progress)
      const state = this.#note(plan, 'running', null)
      this.#run(progress)
      return state
    } finally {
      this.#isStarting = false
    }
  }

  list(): readonly EraseState[] {
    return [...this.#states.values()].sort((a, b) => (a.id < b.id ? 1 : -1))
  }

  onDone(listener: EraseListener): void {
    this.#listeners.push(listener)
    for (const id of this.#idsOf(unheardEnd)) {
      const certificate = this.#states.get(id)?.certificate
      if (certificate) this.#telling = Promise.all([this.#telling, this.#tell(certificate, [listener])])
    }
  }

  /** Goes on with what a process that died, or a failure, has left. */
  resume(): void {
    if (this.#work !== null || this.#isStarting || this.#isStopped) return
    const [id] = this.#idsOf(planEnd)
    if (id === undefined) return
    try {
      const progress = readJson<EraseProgress>(join(this.#directory, `${id}${planEnd}`))
      if (progress === null) return
      this.#note(progress.plan, 'running', null)
      this.#run(progress)
    } catch (error) {
      this.#parts.log.error({ erasure: id, cause: String(error) }, 'erasure_failed')
    }
  }

  /** Waits for the step that runs. The next start goes on with the one after it. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all([this.#work, this.#telling])
  }

  async #plan(filter: EraseFilter, reason: string, by: string): Promise<ErasePlan> {
    const { holds, seal, loadAll, clock } = this.#parts
    const person = personOf(filter.caller)
    const standing = holds.list()
    const to = await seal()
    await loadAll()
    return {
      ...{ id: this.#newId(), filter, person, pseudonym: pseudonymFor(person.objectId), to },
      ...{ holds: standing, reason, by, startedAtMs: clock() },
    }
  }

  #run(progress: EraseProgress): void {
    const { log, inTurn } = this.#parts
    const { plan } = progress
    this.#work = inTurn(() => this.#finish(progress))
      .then(certificate => {
        if (certificate === null) return
        this.#add({ ...this.#note(plan, 'done', null), certificate })
        log.info({ erasure: plan.id, records: certificate.records }, 'erasure_finished')
        return this.#tell(certificate, this.#listeners)
      })
      .catch((error: unknown) => {
        this.#note(plan, 'failed', error instanceof Error ? error.message : String(error))
        log.error({ erasure: plan.id, cause: String(error) }, 'erasure_failed')
      })
      .finally(() => {
        this.#work = null
      })
  }

  /** The mark that nobody has heard of the certificate leaves the disk when a listener has heard of it. */
  async #tell(certificate: EraseCertificate, listeners: readonly EraseListener[]): Promise<void> {
    if (listeners.length === 0) return
    const { id: erasure } = certificate
    try {
      await Promise.all(listeners.map(listener => listener(certificate)))
      await rm(join(this.#directory, `${erasure}${unheardEnd}`), { force: true })
    } catch (error) {
      this.#parts.log.error({ error, erasure }, 'erasure_unrecorded')
    }
  }

  /** Each step may be done again. Null when the ledger closes: the plan stays. */
  async #finish(begun: EraseProgress): Promise<EraseCertificate | null> {
    const { store, feeds, clock } = this.#parts
    const { plan } = begun
    let progress = begun
    const note = async (more: Partial<EraseProgress>): Promise<void> => {
      progress = { ...progress, ...more }
      await this.#save(progress)
    }
    if (progress.figures === null) {
      await note({ figures: await store.ask('eraseFigures', plan.filter, plan.to, plan.holds) })
    }
    const found = await store.ask('eraseBegin', plan)
    await note({ damagedBytes: found.damagedBytes })
    for (const segment of found.segments) {
      if (this.#isStopped) return null
      if (progress.segments.some(proof => proof.segment === segment)) continue
      const erased = await store.ask('eraseSegment', plan.id, segment)
      if (erased === null) continue
      // A process that died had replaced the file before it noted this.
      const before = erased.before === erased.after ? null : erased.before
      await note({ segments: [...progress.segments, { ...erased, before }] })
    }
    if (this.#isStopped) return null
    // None may go on reading from a file that was replaced.
    await feeds.reopen()
    if (progress.shipped === null) {
      const read = feeds.readTo()
      const counts = await store.ask(
        'eraseShipped',
        plan,
        read.map(({ position }) => position),
      )
      await note({ shipped: read.map(({ name }, index) => ({ feed: name, records: counts[index] ?? 0 })) })
    }
    if (progress.files === null) await note({ files: await store.ask('eraseArchives', plan) })
    if (this.#isStopped) return null
    await store.ask('eraseRows', plan, progress.files ?? [])
    await removeLeftovers(this.#parts.directory)
    const mentions = mentionsIn(join(this.#parts.directory, 'audit'), plan.person.objectId)
    const aside = putAside(archivePath(this.#parts.directory))
    const certificate = certificateOf(progress, { mentions, aside }, clock())
    // Before the certificate: a process that dies between them writes both again.
    await writeJson(join(this.#directory, `${plan.id}${unheardEnd}`), {})
    await writeJson(join(this.#directory, `${plan.id}${certificateEnd}`), certificate)
    await rm(join(this.#directory, `${plan.id}${planEnd}`), { force: true })
    await syncDirectory(this.#directory)
    return certificate
  }

  #save(progress: EraseProgress): Promise<void> {
    return writeJson(join(this.#directory, `${progress.plan.id}${planEnd}`), progress)
  }

  #note({ id, startedAtMs }: ErasePlan, state: EraseState['state'], error: string | null): EraseState {
    const noted = { id, state, startedAtMs, error, certificate: null }
    this.#add(noted)
    return noted
  }

  #add(state: EraseState | null): void {
    if (state !== null) this.#states.set(state.id, state)
  }

  #idsOf(end: string): readonly string[] {
    if (!existsSync(this.#directory)) return []
    return readdirSync(this.#directory)
      .filter(name => name.endsWith(end))
      .map(name => name.slice(0, -end.length))
      .sort()
  }
}

const planEnd = '.plan.json'
const certificateEnd = '.certificate.json'
const unheardEnd = '.unheard.json'

/** Directory of plans and certificates. */
export function erasuresPath(directory: string): string {
  return join(directory, 'erasures')
}

function readCertificate(directory: string, id: string, log: Log): EraseState | null {
  try {
    const certificate = readJson<EraseCertificate>(join(directory, `${id}${certificateEnd}`))
    if (certificate === null) return null
    return { id, state: 'done', startedAtMs: certificate.startedAtMs, error: null, certificate }
  } catch (error) {
    log.error({ erasure: id, cause: String(error) }, 'erasure_certificate_unreadable')
    return null
  }
}

/** Random, and as long as the object id, so that it has the same room in the journal. Object ids are GUIDs. */
function pseudonymFor(objectId: string): string {
  return randomUUID().slice(0, objectId.length)
}

/** True when a hold and a filter may select the same record. */
function mayMeet(hold: HoldFilter, filter: EraseFilter): boolean {
  const sameCaller = hold.caller === null || hold.caller === filter.caller
  const sameWorkload = hold.workload === null || filter.workload === null || hold.workload === filter.workload
  const from = Math.max(hold.fromMs ?? 0, filter.fromMs ?? 0)
  const to = Math.min(hold.toMs ?? Number.POSITIVE_INFINITY, filter.toMs ?? Number.POSITIVE_INFINITY)
  return sameCaller && sameWorkload && from < to
}

/** Removes stores that a killed `ledger check` or `ledger rebuild` has left: both need a stopped ledger. */
async function removeLeftovers(directory: string): Promise<void> {
  for (const name of readdirSync(directory)) {
    if (name === 'rebuild' || name.startsWith('check-'))
      await rm(join(directory, name), { recursive: true, force: true })
  }
}

/** Archives that a rebuild has put aside because it could not read them. */
function putAside(directory: string): number {
  if (!existsSync(directory)) return 0
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  return names.filter(name => name.endsWith('.damaged')).length
}

/** Entries of the audit trail that have a text. */
function mentionsIn(directory: string, text: string): number {
  if (!existsSync(directory)) return 0
  const files = readdirSync(directory).filter(name => name.endsWith('.jsonl'))
  const lines = files.flatMap(name => readFileSync(join(directory, name), 'utf8').split('\n'))
  return lines.filter(line => line.includes(text)).length
}
