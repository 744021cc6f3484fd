/** What a request carries through the layers to its route. */
import type { HttpBindings } from '@hono/node-server'
import type { Caller } from '../identity/caller.ts'
import type { AdminRole } from './index.ts'
import type { Visible } from './visible.ts'

export interface AdminEnv {
  Bindings: HttpBindings
  Variables: {
    caller: Caller
    /** Access token of the request or of its session. It goes to the gateway's own listener alone (`playground/`). */
    token: string
    roles: readonly AdminRole[]
    /** Workloads as which the caller may call. */
    bound: readonly string[]
    visible: Visible
    requestId: string
    /** Of a request from the console; null for one with a token. */
    session: { readonly expiresAtMs: number } | null
    /** False once the session has ended. A token lasts until it expires. */
    isSignedIn: () => Promise<boolean>
    /** False once the session has ended, or the caller may see something else than when the request came. */
    isAllowed: () => Promise<boolean>
  }
}
