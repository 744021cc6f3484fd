/** The parts that a reload replaces: instances, the plan made of them, and the identities. */
import { isDeepStrictEqual } from 'node:util'
import { needingRestart } from '../config/restart.ts'
import type { Config } from '../config/schema/index.ts'
import { buildPlan, type Plan } from '../gateway/plan/index.ts'
import type { GroupDirectory, Verifier } from '../identity/index.ts'
import { createVerifier } from '../identity/verifier.ts'
import type { Gate } from '../instances/gate.ts'
import { type Instance, openInstance } from '../instances/index.ts'
import type { InstanceState, ProbeResult } from '../instances/state.ts'
import { openGroups } from './groups.ts'
import type { CompleteParts } from './index.ts'

export interface ReloadResult {
  /** Paths of changed settings that only a restart applies. */
  readonly needRestart: readonly string[]
  /** Releases what was replaced. Called when the last call that uses it has ended. */
  release(): void
}

/** All that is built of one configuration. */
interface Built {
  readonly config: Config
  readonly instances: ReadonlyMap<string, Instance>
  readonly plan: Plan
  readonly verifier: Verifier
  readonly groups: GroupDirectory | null
}

export class Current {
  /**
   * The configuration of the start. Settings that need a restart are compared with it, however many reloads came since.
   */
  readonly #started: Config
  readonly #given: CompleteParts
  readonly #gateOf: (instance: string) => Gate
  #built: Built

  /**
   * @param gateOf the gate of an instance, which outlives reloads.
   * @throws AuthorityError when the sign-in service cannot be used. Nothing is left open then.
   */
  constructor(config: Config, given: CompleteParts, gateOf: (instance: string) => Gate) {
    this.#started = config
    this.#given = given
    this.#gateOf = gateOf
    this.#built = this.#build(config, null)
  }

  get config(): Config {
    return this.#built.config
  }

  get plan(): Plan {
    return this.#built.plan
  }

  get verifier(): Verifier {
    return this.#built.verifier
  }

  /** Null when only the token says which groups the caller is in. */
  get groups(): GroupDirectory | null {
    return this.#built.groups
  }

  /** Settings of a configuration that differ from those of the start and wait for a restart, as paths. */
  waiting(next: Config): readonly string[] {
    return needingRestart(this.#started, next)
  }

  /** @throws AuthorityError when the sign-in service cannot be used. Nothing is changed, and nothing left open then. */
  use(next: Config): ReloadResult {
    const needRestart = this.waiting(next)
    const old = this.#built
    const built = this.#build(next, old)
    this.#built = built
    return {
      needRestart,
      release() {
        if (built.verifier !== old.verifier) old.verifier.close()
        if (built.groups !== old.groups) old.groups?.close()
        for (const [name, instance] of old.instances) {
          if (built.instances.get(name) !== instance) void instance.close()
        }
      },
    }
  }

  instanceStates(): InstanceState[] {
    const nowMs = this.#given.clock()
    return [...this.#built.instances.values()].map(instance => instance.state(nowMs))
  }

  /** Instances that refuse the gateway's own credential now. */
  credentialsRefused(): number {
    return [...this.#built.instances.values()].filter(({ own }) => own?.isRefused === true).length
  }

  /** Null when there is no such instance. */
  async probe(name: string): Promise<ProbeResult | null> {
    return (await this.#built.instances.get(name)?.probe()) ?? null
  }

  async close(): Promise<void> {
    this.verifier.close()
    this.groups?.close()
    await Promise.all([...this.#built.instances.values()].map(instance => instance.close()))
  }

  /**
   * Builds everything that a configuration needs before anything is replaced, so that the old parts stay complete when
   * it throws (P10). What was opened until then is closed.
   * @param old what is in use now, of which unchanged parts are kept; null at the start.
   */
  #build(config: Config, old: Built | null): Built {
    using opened = new DisposableStack()
    const sameTimeouts = isDeepStrictEqual(old?.config.gateway.timeouts, config.gateway.timeouts)
    const instances = new Map<string, Instance>()
    for (const [name, written] of Object.entries(config.instances)) {
      const isSame = sameTimeouts && isDeepStrictEqual(old?.config.instances[name], written)
      const kept = isSame ? old?.instances.get(name) : undefined
      const instance = kept ?? this.#open(config, name, written)
      if (kept === undefined) opened.defer(() => void instance.close())
      instances.set(name, instance)
    }
    const plan = buildPlan(config, instances)
    if (old !== null && isDeepStrictEqual(old.config.identity, config.identity)) {
      opened.move()
      return { config, instances, plan, verifier: old.verifier, groups: old.groups }
    }
    const verifier = this.#verifierOf(config)
    opened.defer(() => verifier.close())
    const groups = this.#groupsOf(config)
    // From here on, whoever uses the parts closes them.
    opened.move()
    return { config, instances, plan, verifier, groups }
  }

  #open(config: Config, name: string, written: Config['instances'][string]): Instance {
    const { clock, identityClock, log, appService } = this.#given
    return openInstance(name, written, config.gateway.timeouts, {
      clock: identityClock ?? clock,
      callClock: clock,
      gate: this.#gateOf(name),
      log,
      ...(appService === undefined ? {} : { appService }),
    })
  }

  #groupsOf(config: Config): GroupDirectory | null {
    const { clock, identityClock, log, appService } = this.#given
    const parts = { clock: identityClock ?? clock, log, ...(appService === undefined ? {} : { appService }) }
    return openGroups(config.identity.entra, parts)
  }

  #verifierOf(config: Config): Verifier {
    const { authority, tenants, audiences, clients, clockSkew } = config.identity.entra
    const { clock, identityClock, log } = this.#given
    return createVerifier({
      ...{ authority, tenants, audiences, log },
      clients: clients ?? null,
      clockSkewMs: clockSkew,
      clock: identityClock ?? clock,
    })
  }
}
