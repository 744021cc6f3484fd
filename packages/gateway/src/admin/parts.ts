/** Types that the application, its layers and its routes share. */
import type { HttpBindings } from '@hono/node-server'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Caller } from '../identity/caller.ts'
import type { AdminOptions, AdminRole } from './index.ts'
import type { Questions } from './questions.ts'
import type { Visible } from './visible.ts'

export interface AdminEnv {
  Bindings: HttpBindings
  Variables: {
    caller: Caller
    roles: readonly AdminRole[]
    /** Workloads as which the caller may call. */
    bound: readonly string[]
    visible: Visible
    requestId: string
    /** Of a request from the console; null for one with a token. */
    session: { readonly expiresAtMs: number } | null
  }
}

export type AdminApp = OpenAPIHono<AdminEnv>

/** Services that handlers use. */
export interface AdminParts extends Pick<AdminOptions, 'ledger' | 'house' | 'log' | 'clock'> {
  readonly tailPollMs: number
  /** Aborted when the listener closes. */
  readonly closing: AbortSignal
  readonly questions: Questions
}
