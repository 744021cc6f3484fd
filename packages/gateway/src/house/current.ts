/** The parts that a reload replaces: instances, the plan made of them, and the identities. */
import { isDeepStrictEqual } from 'node:util'
import { needingRestart } from '../config/restart.ts'
import type { Config } from '../config/schema/index.ts'
import { buildPlan, type Plan } from '../gateway/plan/index.ts'
import type { GroupDirectory, Verifier } from '../identity/index.ts'
import { createVerifier } from '../identity/verifier.ts'
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

export class Current {
  config: Config
  plan: Plan
  verifier: Verifier
  /** Null when only the token says which groups the caller is in. */
  groups: GroupDirectory | null
  /**
   * The configuration of the start. Settings that need a restart are compared with it, however many reloads came since.
   */
  readonly #started: Config
  readonly #given: CompleteParts
  #instances: ReadonlyMap<string, Instance>

  constructor(config: Config, given: CompleteParts) {
    this.config = config
    this.#started = config
    this.#given = given
    this.#instances = new Map(
      Object.entries(config.instances).map(([name, written]) => [name, this.#open(config, name, written)]),
    )
    this.plan = buildPlan(config, this.#instances)
    this.verifier = this.#verifierOf(config)
    this.groups = this.#groupsOf(config)
  }

  /** @throws AuthorityError when the sign-in service cannot be used. Nothing is changed then. */
  use(next: Config): ReloadResult {
    const needRestart = needingRestart(this.#started, next)
    const { verifier: oldVerifier, groups: oldGroups } = this
    const oldInstances = this.#instances
    const instances = this.#instancesOf(next)
    // Everything is built before anything is replaced: if the build fails, the old parts stay complete (P10).
    try {
      const plan = buildPlan(next, instances)
      const sameIdentity = isDeepStrictEqual(this.config.identity, next.identity)
      const verifier = sameIdentity ? oldVerifier : this.#verifierOf(next)
      this.groups = sameIdentity ? oldGroups : this.#groupsOf(next)
      this.verifier = verifier
      this.plan = plan
    } catch (error) {
      closeMissing(instances, oldInstances)
      throw error
    }
    this.#instances = instances
    this.config = next
    const { verifier, groups } = this
    return {
      needRestart,
      release() {
        if (verifier !== oldVerifier) oldVerifier.close()
        if (groups !== oldGroups) oldGroups?.close()
        closeMissing(oldInstances, instances)
      },
    }
  }

  instanceStates(): InstanceState[] {
    const nowMs = this.#given.clock()
    return [...this.#instances.values()].map(instance => instance.state(nowMs))
  }

  /** Instances that refuse the gateway's own credential now. */
  credentialsRefused(): number {
    return [...this.#instances.values()].filter(({ own }) => own?.isRefused === true).length
  }

  /** Null when there is no such instance. */
  async probe(name: string): Promise<ProbeResult | null> {
    return (await this.#instances.get(name)?.probe()) ?? null
  }

  async close(): Promise<void> {
    this.verifier.close()
    this.groups?.close()
    await Promise.all([...this.#instances.values()].map(instance => instance.close()))
  }

  /** The instances of a configuration; an unchanged one is the one that is open already. */
  #instancesOf(next: Config): ReadonlyMap<string, Instance> {
    const { gateway, instances } = this.config
    const sameTimeouts = isDeepStrictEqual(gateway.timeouts, next.gateway.timeouts)
    return new Map(
      Object.entries(next.instances).map(([name, written]) => {
        const old = sameTimeouts && isDeepStrictEqual(instances[name], written) ? this.#instances.get(name) : undefined
        return [name, old ?? this.#open(next, name, written)]
      }),
    )
  }

  #open(config: Config, name: string, written: Config['instances'][string]): Instance {
    const { clock, identityClock, log, appService } = this.#given
    return openInstance(name, written, config.gateway.timeouts, {
      clock: identityClock ?? clock,
      callClock: clock,
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

/** Closes the instances that are not among the others. */
function closeMissing(instances: ReadonlyMap<string, Instance>, others: ReadonlyMap<string, Instance>): void {
  for (const [name, instance] of instances) {
    if (others.get(name) !== instance) void instance.close()
  }
}
