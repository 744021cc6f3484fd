/** The house: one whole gateway in one process, built from a configuration. `open.ts` builds it. */
import type { Clock } from '../clock.ts'
import type { ConfigSource } from '../config/in-force/open.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { Config } from '../config/schema/index.ts'
import type { CredentialParts } from '../instances/credentials.ts'
import type { InstanceState, ProbeResult } from '../instances/state.ts'
import type { Ledger } from '../ledger/index.ts'
import type { Log } from '../log.ts'
import type { RunningLog } from '../telemetry/log/index.ts'

export interface HouseParts {
  readonly clock?: Clock
  readonly log?: Log
  /** Clock for the expiry of tokens. The demonstration's history passes the real clock here. Default: `clock`. */
  readonly identityClock?: Clock
  /** Marks every record as the demonstration's history. */
  readonly demonstration?: boolean
  /** 0..1, 1 excluded: decides which calls are in a canary's or a shadow's share. Default: the machine's. */
  readonly random?: () => number
  /** Source of managed-identity tokens, when it is not the environment of the process. */
  readonly appService?: CredentialParts['appService']
  /**
   * A ledger that stays open when this house closes. Default: the house opens and closes its own, from the
   * configuration.
   */
  readonly ledger?: Ledger
  /**
   * Called when another process has taken the directory of a ledger that is shared (`ledger.shared`), because this one
   * showed no sign of life for too long: it must end at once.
   */
  readonly ledgerLost?: (directory: string) => void
  /** Called with each changed configuration that is in force. */
  readonly taken?: (config: Config) => void
  /** Directory of the console's built page. Default: the management API is served without the console. */
  readonly consoleDirectory?: string
  /** The file that the configuration was read from. Default: none, the program has made it. */
  readonly source?: ConfigSource
  /** True leaves the management API out. */
  readonly withoutAdmin?: boolean
}

export interface House {
  readonly gateway: { readonly url: string; readonly inFlight: number; readonly readingOn: number }
  /** Null when the house was built without it. */
  readonly admin: { readonly url: string } | null
  readonly ledger: Ledger
  /** Records that the journal could not take since the start. */
  readonly recordsLost: number
  /** Null where no Redis is configured. */
  readonly redisUp: boolean | null
  /** What `/readyz` says of what the gateway depends on: numbers, no names. Readiness does not depend on it. */
  note(surroundings: Readonly<Record<string, string>>): void
  /** Health of each instance. */
  instanceStates(): readonly InstanceState[]
  /** Asks an instance for its models with its credential; null when there is no such instance. */
  probe(name: string): Promise<ProbeResult | null>
  /**
   * Uses a changed configuration for all further calls; calls in flight finish with the old one.
   * @param loaded where it comes from the file of `HouseParts.source`: its history is kept.
   * @returns the settings whose change needs a restart, as paths; they keep their old values.
   */
  reload(config: Config, loaded?: LoadedConfig): readonly string[]
  /** True once for what was applied by the management API and is now read from the file: it is in force already. */
  isInForce(loaded: LoadedConfig): boolean
  /** Finishes what is in flight within the grace period, records it, and releases everything. Idempotent. */
  close(): Promise<void>
}

/** `HouseParts` with the defaults filled in. */
export interface CompleteParts extends HouseParts {
  readonly clock: Clock
  readonly log: Log
  /** The same log, where its levels can be changed. */
  readonly running: RunningLog | null
  readonly random: () => number
}
