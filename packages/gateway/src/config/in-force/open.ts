import { createHmac } from 'node:crypto'
import { readdir, realpath, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Clock } from '../../clock.ts'
import { codeOf } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { ColumnsOf } from '../checking.ts'
import { type EffectiveValue, effectiveValues } from '../effective.ts'
import { type LoadedConfig, parseConfig, readConfigText, readNamedFile } from '../load.ts'
import { type Kept, type MaskedText, maskText, restoreText } from '../masking.ts'
import { ConfigError } from '../messages.ts'
import type { Config } from '../schema/index.ts'
import { adviceOf, canReplace, writeBeside } from './file.ts'
import { type History, openHistory } from './history.ts'
import {
  type Applied,
  ApplyError,
  type ApplyState,
  type Checked,
  type Configuration,
  type ConfigurationReport,
  type FileState,
  type Prepared,
  type TakenHow,
  type Version,
} from './index.ts'

export interface ConfigSource {
  /** The configuration that the process began with. */
  readonly loaded: LoadedConfig
  readonly env: NodeJS.ProcessEnv
}

export interface ConfigurationParts extends ConfigSource {
  /** The ledger's directory: the history is in it. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
  /** Whether it may be applied. Called each time. */
  readonly isAllowed: () => boolean
  /** Columns of records, by the form of a feed. */
  readonly columns: ColumnsOf
  /** Further checks of a configuration. @throws ConfigError */
  readonly validate: (config: Config) => void
  /** Paths of settings whose change waits for a restart. */
  readonly waiting: (config: Config) => readonly string[]
  /** True for the one in force, with all that variables and files have put into it. */
  readonly isCurrent: (config: Config) => boolean
  /** Uses a configuration. @throws what makes it unusable; the one before stays then. */
  readonly reload: (config: Config) => readonly string[]
}

/** The configuration in force, as the house holds it. */
export interface HeldConfiguration extends Configuration {
  /** Notes that a configuration was taken from the file. */
  took(loaded: LoadedConfig): void
  /** True once for what was applied and then comes from the file: it is in force already. */
  isInForce(loaded: LoadedConfig): boolean
}

/** Rejects with the error of the system where the history cannot be kept. */
export async function openConfiguration(parts: ConfigurationParts): Promise<HeldConfiguration> {
  const history = await openHistory(parts.directory)
  await sweep(parts.loaded.path)
  const held = new Held(parts, history)
  await held.note(parts.loaded, 'start', { by: null, name: null })
  return held
}

class Held implements HeldConfiguration {
  readonly #parts: ConfigurationParts
  readonly #history: History
  #loaded: LoadedConfig
  #applied: LoadedConfig | null = null
  #maskedTexts: ReadonlyMap<string, MaskedText | null> = new Map()
  #values: { readonly text: string; readonly values: readonly EffectiveValue[] } | null = null
  /** Applications one after another: the second one sees the file of the first one. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: ConfigurationParts, history: History) {
    this.#parts = parts
    this.#history = history
    this.#loaded = parts.loaded
  }

  async report(): Promise<ConfigurationReport> {
    const { text } = this.#loaded
    const { newest } = this.#history
    const hash = this.#hashOf(text)
    const known = newest?.hash === hash ? newest : null
    return {
      inForce: {
        hash,
        version: known?.id ?? null,
        takenAtMs: known?.takenAtMs ?? null,
        how: known?.how ?? null,
        by: known?.by ?? null,
        name: known?.name ?? null,
        text: this.#masked(text)?.text ?? '',
        values: this.#valuesOf(text),
        waitForRestart: this.#parts.waiting(this.#loaded.config),
      },
      file: await this.#fileState(),
      apply: await this.#applyState(),
    }
  }

  async read(text: string): Promise<LoadedConfig> {
    return this.#parse(text, await this.#keptInFile())
  }

  async check(text: string): Promise<Checked> {
    try {
      const { warnings, config } = await this.read(text)
      return { problems: [], problemCount: 0, warnings, unchecked: [], waitForRestart: this.#parts.waiting(config) }
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      const { problems, problemCount, warnings, unchecked } = error
      return { problems, problemCount, warnings, unchecked, waitForRestart: [] }
    }
  }

  async history(): Promise<readonly Version[]> {
    return this.#history.list()
  }

  version(id: number) {
    return this.#history.read(id)
  }

  async prepare(text: string, expectedHash: string, by: Pick<Version, 'by' | 'name'>): Promise<Prepared> {
    const { path } = this.#loaded
    const state = await this.#applyState()
    if (state !== 'allowed') throw new ApplyError(state, adviceOf(state, path))
    const written = await readConfigText(path)
    this.#requireHash(written, expectedHash)
    const kept = this.#masked(written)?.kept ?? new Map<string, Kept>()
    // First with its secrets left out, because only then a secret is refused in a place that would give it out.
    await this.#parse(text, valuesOf(kept))
    const whole = restoreText(text, kept).text
    const loaded = await this.#parse(whole, new Map())
    const commit = async (): Promise<Applied> => {
      const turn = this.#last.then(() => this.#commit(loaded, expectedHash, by))
      this.#last = turn.catch(() => {})
      return turn
    }
    return { roles: loaded.config.admin.roles, from: expectedHash, to: this.#hashOf(whole), commit }
  }

  took(loaded: LoadedConfig): void {
    this.#loaded = loaded
    void this.note(loaded, 'file', { by: null, name: null })
  }

  isInForce({ text, config }: LoadedConfig): boolean {
    const isApplied = this.#applied?.text === text
    this.#applied = null
    // Files that it names may have changed since.
    return isApplied && this.#parts.isCurrent(config)
  }

  /** A text that is in force already, as after a restart, is no new version. */
  async note({ text }: LoadedConfig, how: TakenHow, by: Pick<Version, 'by' | 'name'>): Promise<void> {
    const hash = this.#hashOf(text)
    if (this.#history.newest?.hash === hash) return
    const masked = this.#masked(text)?.text ?? ''
    const version = { hash, takenAtMs: this.#parts.clock(), how, ...by, text: masked }
    // A full disk changes nothing about what is in force.
    await this.#history.add(version).catch(error => this.#parts.log.error({ error }, 'configuration_unrecorded'))
  }

  async #commit(loaded: LoadedConfig, expectedHash: string, by: Pick<Version, 'by' | 'name'>): Promise<Applied> {
    const { path } = loaded
    const fresh = await writeBeside(path, loaded.text)
    try {
      // Somebody may have changed the file meanwhile, by hand or from here.
      this.#requireHash(await readConfigText(path), expectedHash)
      const before = this.#loaded
      const waitForRestart = this.#take(loaded)
      try {
        await fresh.replace()
      } catch (error) {
        this.#parts.reload(before.config)
        throw error
      }
      this.#loaded = loaded
      this.#applied = loaded
      await this.note(loaded, 'apply', by)
      return { hash: this.#hashOf(loaded.text), waitForRestart }
    } finally {
      await fresh.discard()
    }
  }

  #take({ config }: LoadedConfig): readonly string[] {
    try {
      return this.#parts.reload(config)
    } catch (cause) {
      const isKnown = cause instanceof ConfigError || codeOf(cause) === 'authority_invalid'
      if (!isKnown || !(cause instanceof Error)) throw cause
      throw new ApplyError('refused', `It was not taken, and nothing was changed: ${cause.message}`, { cause })
    }
  }

  #requireHash(text: string, expectedHash: string): void {
    if (this.#hashOf(text) === expectedHash) return
    const message = 'The file was changed after you began. Load it again, and make your change there.'
    throw new ApplyError('changed', message)
  }

  async #fileState(): Promise<FileState> {
    const { path } = this.#loaded
    try {
      const text = await readConfigText(path)
      const hash = this.#hashOf(text)
      const shown = this.#masked(text)?.text ?? null
      if (text === this.#loaded.text) return { path, state: 'in_force', hash, text: shown, problems: [] }
      const { problems } = await this.check(text)
      return { path, state: problems.length === 0 ? 'not_taken' : 'refused', hash, text: shown, problems }
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      return { path, state: 'unreadable', hash: null, text: null, problems: error.problems }
    }
  }

  async #applyState(): Promise<ApplyState> {
    return this.#parts.isAllowed() ? canReplace(this.#loaded.path) : 'off'
  }

  async #parse(text: string, kept: ReadonlyMap<string, string>): Promise<LoadedConfig> {
    const { path } = this.#loaded
    // Names of variables are nobody's to learn: without a list of them, no message has one that is near.
    const env: NodeJS.ProcessEnv = Object.create(this.#parts.env)
    const { columns } = this.#parts
    const loaded = await parseConfig(text, { path, env, kept, columns, readFile: this.#readNamed })
    this.#parts.validate(loaded.config)
    return loaded
  }

  /** Only files beside those that are in use already: a text from elsewhere must not bring in any file it likes. */
  readonly #readNamed = async (path: string, bytesMax?: number): Promise<string> => {
    const known = new Set([...this.#parts.loaded.sources, ...this.#loaded.sources].map(file => dirname(file)))
    if (!known.has(dirname(path))) throw Object.assign(new Error('not beside'), { code: 'not_beside' })
    return readNamedFile(path, bytesMax)
  }

  async #keptInFile(): Promise<ReadonlyMap<string, string>> {
    const text = await readConfigText(this.#loaded.path).catch(() => this.#loaded.text)
    return valuesOf(this.#masked(text)?.kept ?? new Map<string, Kept>())
  }

  /** Kept for the texts that are asked for again and again: it takes many milliseconds. */
  #masked(text: string): MaskedText | null {
    const known = this.#maskedTexts.get(text)
    if (known !== undefined) return known
    const masked = maskText(text, this.#history.key)
    const [newest] = [...this.#maskedTexts].slice(-1)
    this.#maskedTexts = new Map([...(newest === undefined ? [] : [newest]), [text, masked]])
    return masked
  }

  #valuesOf(text: string): readonly EffectiveValue[] {
    if (this.#values?.text !== text) this.#values = { text, values: effectiveValues(text) }
    return this.#values.values
  }

  /** Keyed: somebody who knows all but a short secret could find it by trying. */
  #hashOf(text: string): string {
    return createHmac('sha256', this.#history.key).update(text).digest('hex').slice(0, 32)
  }
}

function valuesOf(kept: ReadonlyMap<string, Kept>): ReadonlyMap<string, string> {
  return new Map([...kept].map(([id, { value }]) => [id, value]))
}

/** What a process that was killed has left beside the file. */
async function sweep(path: string): Promise<void> {
  const target = await realpath(path).catch(() => path)
  const directory = dirname(target)
  const own = `.${basename(target)}.`
  const names = await readdir(directory).catch(() => [])
  const left = names.filter(name => name.startsWith(own) && name.endsWith('.new'))
  await Promise.all(left.map(name => rm(join(directory, name), { force: true }).catch(() => {})))
}
