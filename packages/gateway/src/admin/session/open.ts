/** Builds what the console needs besides the API: sessions and the layers that serve sign-in and page. */
import type { MiddlewareHandler } from 'hono'
import type { Desk } from '../desk.ts'
import type { AdminOptions } from '../index.ts'
import { consolePage } from '../page/index.ts'
import type { AdminEnv } from '../parts.ts'
import type { SessionGuardParts } from './guard.ts'
import type { SessionSettings } from './index.ts'
import { MemorySessions } from './memory-store.ts'
import { RedisSessions } from './redis-store.ts'
import { sessionRoutes } from './routes.ts'
import { Sessions } from './sessions.ts'
import { SignInService } from './sign-in-service.ts'

export interface Console {
  readonly guard: SessionGuardParts
  /** In the order in which a request passes them, before the one that asks for a token. */
  readonly layers: readonly MiddlewareHandler<AdminEnv>[]
}

/** Null where the listener serves the API alone. */
export function openConsole(
  options: Pick<AdminOptions, 'access' | 'verifier' | 'clock' | 'log' | 'console'>,
  desk: Desk,
): Console | null {
  const { access, verifier, clock, log, console } = options
  if (console === undefined) return null
  const settings = (): SessionSettings => {
    const { signIn = null, publicUrl = null } = access()
    return { signIn, publicUrl, entra: console.entra() }
  }
  const store = console.redis === null ? new MemorySessions(clock) : new RedisSessions(console.redis)
  const service = new SignInService(settings, clock)
  const sessions = new Sessions({ settings, store, service, clock })
  return {
    guard: { settings, sessions, verifier },
    layers: [
      sessionRoutes({ settings, store, sessions, service, verifier, clock, log, desk }),
      consolePage(console.directory),
    ],
  }
}
