/**
 * The configuration in force: the file that it came from, what it comes to, its history, and putting another in its
 * place. Nothing that leaves here has a secret in it (`masking.ts`).
 */
import type { EffectiveValue } from '../effective.ts'
import type { LoadedConfig } from '../load.ts'
import type { Problem } from '../messages.ts'
import type { Config } from '../schema/index.ts'

/** How a configuration came into force. */
export type TakenHow = 'start' | 'file' | 'apply'

/** A configuration that was in force, or is. */
export interface Version {
  /** From 1, ascending. */
  readonly id: number
  /** Keyed digest of the text: equal texts have equal ones. 32 hexadecimal digits. */
  readonly hash: string
  /** Since when, in ms since the epoch. */
  readonly takenAtMs: number
  readonly how: TakenHow
  /** Key of the caller who applied it; null for the file and for the start of the process. */
  readonly by: string | null
  /** Name of that caller, for display. */
  readonly name: string | null
}

export interface VersionText extends Version {
  /** Without secrets. */
  readonly text: string
}

export interface FileState {
  /** Absolute path. */
  readonly path: string
  /**
   * `in_force`: it is what is used. `not_taken`: it was changed and can be used, and the process has not read it yet.
   * `refused`: it was changed and cannot be used. `unreadable`: it cannot be read.
   */
  readonly state: 'in_force' | 'not_taken' | 'refused' | 'unreadable'
  /** Digest of its text; null where it cannot be read. `apply` takes it. */
  readonly hash: string | null
  /** Without secrets; null where it cannot be read, or is no YAML and so may have secrets anywhere. */
  readonly text: string | null
  /** Of its text. */
  readonly problems: readonly Problem[]
}

/**
 * Whether a configuration can be applied. `off`: `admin.applyConfiguration` is false. `read_only`: the file is on a
 * read-only file system. `no_permission`: this process may not replace it.
 */
export type ApplyState = 'allowed' | 'off' | 'read_only' | 'no_permission'

export interface ConfigurationReport {
  /** What its history says of it is null where that could not be written. */
  readonly inForce: {
    readonly hash: string
    /** Its number in the history. */
    readonly version: number | null
    readonly takenAtMs: number | null
    readonly how: TakenHow | null
    readonly by: string | null
    readonly name: string | null
    readonly text: string
    readonly values: readonly EffectiveValue[]
    /** Changed settings that wait for a restart, as paths. */
    readonly waitForRestart: readonly string[]
  }
  readonly file: FileState
  readonly apply: ApplyState
}

export interface Checked {
  readonly problems: readonly Problem[]
  /** Of all, also those that are not listed. */
  readonly problemCount: number
  /** As far as they can be told while there are problems. */
  readonly warnings: readonly Problem[]
  /** What could not be checked because of the problems, and why; a line each. */
  readonly unchecked: readonly string[]
  /** Settings of the text that would wait for a restart. */
  readonly waitForRestart: readonly string[]
}

export interface Applied {
  /** Digest of the text that is in force now. */
  readonly hash: string
  readonly waitForRestart: readonly string[]
}

/**
 * `changed`: the file is another one than the caller has seen. `refused`: the process cannot use it. `unwritable`: the
 * disk did not take it. The others are as in `ApplyState`.
 */
export type ApplyFault = 'changed' | 'refused' | 'unwritable' | Exclude<ApplyState, 'allowed'>

/** A configuration was not applied, and the one in force stays. */
export class ApplyError extends Error {
  readonly fault: ApplyFault

  constructor(fault: ApplyFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ApplyError'
    this.fault = fault
  }
}

/** A text that was checked and can take the place of the file. */
export interface Prepared {
  /** Who may do what under it. */
  readonly roles: Config['admin']['roles']
  readonly from: string
  readonly to: string
  /**
   * Takes it and puts it in the place of the file, or does neither.
   * @throws ApplyError; and what the reload throws.
   */
  commit(): Promise<Applied>
}

export interface Configuration {
  report(): Promise<ConfigurationReport>
  /**
   * The configuration of a text, masked or not, without taking it.
   * @throws ConfigError
   */
  read(text: string): Promise<LoadedConfig>
  /** Says of a text, masked or not, what `gatehouse config check` would say of it. */
  check(text: string): Promise<Checked>
  /** Newest first. */
  history(): Promise<readonly Version[]>
  /** Null for one that is unknown, or was deleted. */
  version(id: number): Promise<VersionText | null>
  /**
   * @param expectedHash of the file as the caller has seen it.
   * @throws ApplyError, ConfigError
   */
  prepare(text: string, expectedHash: string, by: Pick<Version, 'by' | 'name'>): Promise<Prepared>
}
