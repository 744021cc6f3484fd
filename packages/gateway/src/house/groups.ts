/** Looks groups up in Microsoft Graph with the gateway's own identity. */
import type { Clock } from '../clock.ts'
import type { Config } from '../config/schema/index.ts'
import { openGroupDirectory } from '../identity/groups.ts'
import type { GroupDirectory } from '../identity/index.ts'
import { identityCredential } from '../instances/credentials.ts'
import type { AppServiceEndpoint } from '../instances/managed-identity.ts'
import type { Log } from '../log.ts'

export interface GraphParts {
  readonly clock: Clock
  readonly log: Log
  readonly appService?: AppServiceEndpoint
}

/** Null when only the tokens say who is in which group. */
export function openGroups({ graph }: Config['identity']['entra'], parts: GraphParts): GroupDirectory | null {
  if (graph === undefined) return null
  const { managedIdentity } = graph
  const credential = identityCredential(managedIdentity ?? null, `${graph.endpoint}/.default`, parts)
  return openGroupDirectory({
    endpoint: graph.endpoint,
    authorization: async () => (await credential.header('')).value,
    rememberMs: graph.remember,
    timeoutMs: graph.timeout,
    clock: parts.clock,
    log: parts.log,
  })
}
