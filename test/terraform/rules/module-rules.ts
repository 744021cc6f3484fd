/** What must hold for the resources of one module. */
import type { Block, Resource } from '../hcl.ts'

/** The endpoint in the network of what has data. */
export interface Endpoint {
  readonly subresource: string
  /** Id of a private DNS zone that it needs. */
  readonly zone: RegExp
}

export interface ModuleRules {
  /** Roles that something in it may be given. */
  readonly roles?: readonly string[]
  /** Values that resources of a type must have. */
  readonly required?: Readonly<Record<string, Block>>
  /** Types of resources that have data and therefore a private endpoint. */
  readonly reached?: Readonly<Record<string, Endpoint>>
  /** Findings about one resource, of whichever type. */
  readonly check?: (resource: Resource) => readonly string[]
  /** Types of resources that a resource must name in `depends_on`, since it refers to none of them. */
  readonly waits?: (resource: Resource) => readonly string[]
}

/** False also for what only the stand-in gives: to it, what may be left open is computed. */
export function isGiven(value: unknown): boolean {
  return Boolean(value) && !String(value).startsWith('made-up-')
}
