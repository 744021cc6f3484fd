/** The gateway's listener, and what the calls need besides the core. */
import { inRanges } from '../addresses.ts'
import type { Config } from '../config/schema/index.ts'
import { Copies } from '../gateway/copies/index.ts'
import type { FollowUpFigures } from '../gateway/follow-ups/index.ts'
import { openFollowUps } from '../gateway/follow-ups/open.ts'
import { Guards } from '../gateway/guards.ts'
import { createCors } from '../gateway/listener/cors.ts'
import { type Gateway, startGateway } from '../gateway/listener/server.ts'
import { limitedThroughout } from '../gateway/pages/readiness.ts'
import type { CopyParts, EndedListener, GatewayParts } from '../gateway/parts.ts'
import { createResolver } from '../gateway/stages/1-resolve/index.ts'
import { uuidV7 } from '../ids.ts'
import type { Figures } from '../telemetry/figures.ts'
import { addressOf } from './address.ts'
import type { Core } from './core.ts'
import type { CompleteParts } from './index.ts'

export interface DataPlane {
  readonly gateway: Gateway
  /** Records that the journal could not take since the start. */
  readonly recordsLost: number
  readonly followUps: FollowUpFigures
  /** As `House.note`. */
  note(surroundings: Readonly<Record<string, string>>): void
  /**
   * Serves further calls with the configuration that the core uses now.
   * @returns resolves when the last call that uses the old parts has ended.
   */
  use(next: Config): Promise<unknown>
  readonly closers: AsyncDisposableStack
}

export async function openDataPlane(
  config: Config,
  given: CompleteParts,
  core: Core,
  figures: Pick<Figures, 'ended'>,
): Promise<DataPlane> {
  await using closers = new AsyncDisposableStack()
  const { clock, random } = given
  const { current, ledger, limits, objects } = core
  const copies = new Copies({ newId: uuidV7(clock), random })
  closers.defer(() => copies.close())
  const followUps = await openFollowUps({
    ...{ limits, objects, ledger, clock, random, modelOf: core.modelOf },
    prices: () => core.prices,
    settings: () => current.config.objects.followUp,
  })
  closers.defer(() => followUps.close())
  let recordsLost = 0
  let surroundings: Readonly<Record<string, string>> = {}
  const lost = (calls: number): void => {
    recordsLost += calls
  }
  const guards = new Guards(config, { clock, journal: ledger.journal, lost })
  closers.defer(() => guards.close())
  const resolve = createResolver()
  const copyParts = (): CopyParts => ({
    ...settingsOf(current.config, resolve),
    ...{ resolve, followUps, guards, limits, objects, clock, random },
    plan: current.plan,
    verifier: current.verifier,
    groups: current.groups,
    journal: ledger.journal,
    counter: core.counter,
    log: given.log,
    prices: core.prices,
    // Only a restart changes it.
    continueUnrecorded: config.ledger.whenUnwritable === 'continue',
    demonstration: given.demonstration === true,
    lost: () => lost(1),
    ended: listeners(current.config, given, figures),
    credentialsRefused: () => current.credentialsRefused(),
    surroundings: () => ({ ...surroundings, ...redisState(core) }),
    feedsTroubled: () => ledger.feeds.troubled,
  })
  const parts = (): GatewayParts => copies.into(copyParts())
  const gateway = await startGateway({ listen: addressOf(config.gateway.listen), config: config.gateway }, parts())
  closers.defer(() => gateway.close(current.config.gateway.timeouts.shutdownGrace))
  followUps.use(parts())
  return {
    gateway,
    get recordsLost() {
      return recordsLost
    },
    get followUps() {
      return followUps.figures
    },
    note(found) {
      surroundings = found
    },
    use(next) {
      guards.use(next)
      const nextParts = parts()
      followUps.use(nextParts)
      return gateway.use(nextParts).then(() => Promise.all([copies.settled(), followUps.settled()]))
    },
    closers: closers.move(),
  }
}

function redisState({ redis }: Core): { readonly redis?: string } {
  if (redis === null) return {}
  const { downSinceMs } = redis
  return { redis: downSinceMs === null ? 'up' : `down since ${new Date(downSinceMs).toISOString()}` }
}

/** Calls pay for access lines only where they are written. */
function listeners({ log }: Config, { running }: CompleteParts, figures: Pick<Figures, 'ended'>): EndedListener[] {
  return log.access && running !== null ? [figures.ended, running.ended] : [figures.ended]
}

/** What the stages read of the configuration itself. */
function settingsOf(config: Config, resolve: GatewayParts['resolve']) {
  const { gateway, identity, objects } = config
  return {
    unknownObjects: objects.unknown,
    encryptedReasoning: objects.encryptedReasoning,
    receiveLimits: {
      bodyBytesMax: gateway.bodyBytesMax,
      uploadBytesMax: gateway.uploadBytesMax,
      timeoutMs: gateway.timeouts.requestBody,
    },
    totalMs: gateway.timeouts.total,
    identity: identity.entra,
    publicUrl: gateway.publicUrl ?? null,
    cors: createCors(gateway.cors.origins, gateway.forwardHeaders, resolve),
    isProxy: gateway.trustForwardedFor ? inRanges(gateway.trustedProxies) : null,
    limitedThroughout: limitedThroughout(config),
  }
}
