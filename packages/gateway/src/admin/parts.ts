/** Types that the application, its layers and its routes share. */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Desk } from './desk.ts'
import type { AdminEnv } from './env.ts'
import type { AdminOptions, AdminRole } from './index.ts'
import type { Questions } from './questions.ts'

export type { AdminEnv } from './env.ts'

export type AdminApp = OpenAPIHono<AdminEnv>

/** Services that handlers use. */
export interface AdminParts
  extends Pick<AdminOptions, 'ledger' | 'house' | 'log' | 'clock' | 'audit' | 'scratch' | 'access' | 'console'> {
  readonly tailPollMs: number
  readonly exportResumeMs: number
  /** Aborted when the listener closes. */
  readonly closing: AbortSignal
  readonly questions: Questions
  /** Roles that a caller holds here; null where they are not known. */
  readonly rolesOfKey: (callerKey: string) => AdminRole[] | null
  /** Writes what must be recorded. */
  readonly desk: Desk
}
