/** A tenant with everybody whom a configuration names: callers of its workloads, readers, the gateway's identity. */
import { randomBytes, randomUUID } from 'node:crypto'
import {
  type Application,
  azureCliClientId,
  type Directory,
  type FederatedCredential,
  type Person,
} from '@gatehouse/simulator'
import type { CallerRule } from '../../packages/gateway/src/config/schema/common.ts'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'

export interface Tenant {
  readonly directory: Directory
  /** Object id of the gateway's identity. */
  readonly gatewayObjectId: string
  /** Name of somebody who may call as the workload. */
  readonly caller: string
  /** Name of somebody who may read records. */
  readonly reader: string
  /** What a token for the gateway is requested for. */
  readonly audience: string
}

type Identity = ConfigInput['identity']['entra']

/** Resources of Microsoft's own for which every tenant issues tokens. */
const microsoft = /^https:\/\/[a-z.]+\.azure\.(?:com|net)\/?$/
const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * @param clientIds of the managed identities that the configuration names; the first is the gateway's own.
 * @param credential of a cluster, with whose token they sign in; null where an endpoint gives tokens.
 * @throws Error where nobody of a simulated tenant can meet the rules.
 */
export function tenantFor(
  config: ConfigInput,
  workload: string,
  clientIds: readonly string[],
  credential: FederatedCredential | null,
): Tenant {
  const entra = config.identity.entra
  const { viewer = [], auditor = [] } = config.admin?.roles ?? {}
  const caller = firstPrincipal(config.workloads[workload]?.callers ?? [], `workloads.${workload}.callers`)
  const reader = firstPrincipal([...auditor, ...viewer], 'admin.roles')
  const principals = new Map([caller, reader].map(principal => [principal.name, principal]))
  const everybody = [...principals.values()]
  const identities = clientIds.map((appId, at) => identityOf(appId, at, credential))
  const [audience = ''] = entra.audiences ?? ['https://cognitiveservices.azure.com']
  return {
    directory: {
      tenantId: entra.tenants[0] ?? '',
      people: everybody.flatMap(({ person }) => (person === null ? [] : [person])),
      groups: everybody.flatMap(({ groups }) => groups.map(id => ({ name: id, objectId: id }))),
      applications: [
        publicClient(entra.signInClient ?? azureCliClientId),
        ...everybody.flatMap(({ application }) => (application === null ? [] : [application])),
        ...identities,
      ],
      registrations: registrationsOf(entra, everybody),
    },
    gatewayObjectId: identities[0]?.objectId ?? '',
    ...{ caller: caller.name, reader: reader.name, audience },
  }
}

/** Somebody who meets a rule. */
interface Principal {
  readonly name: string
  readonly person: Person | null
  readonly application: Application | null
  /** Object ids. */
  readonly groups: readonly string[]
  readonly roles: readonly string[]
}

function firstPrincipal(rules: readonly CallerRule[], where: string): Principal {
  for (const rule of rules) {
    const principal = principalFor(rule)
    if (principal !== null) return principal
  }
  throw new Error(`${where} names nobody for whom the rehearsal can get a token: user, app, group or role`)
}

function principalFor(rule: CallerRule): Principal | null {
  const none = { person: null, application: null, groups: [], roles: [] }
  if ('user' in rule) return { ...none, name: `user-${rule.user}`, person: personOf(`user-${rule.user}`, rule.user) }
  if ('app' in rule) {
    const name = `app-${rule.app}`
    return { ...none, name, application: applicationOf(name, rule.app) }
  }
  if ('group' in rule) {
    const name = `member-of-${rule.group}`
    return { ...none, name, groups: [rule.group], person: personOf(name, randomUUID(), { groups: [rule.group] }) }
  }
  if ('role' in rule) {
    const name = `holder-of-${rule.role}`
    return { ...none, name, roles: [rule.role], person: personOf(name, randomUUID(), { roles: [rule.role] }) }
  }
  return null
}

function personOf(name: string, objectId: string, more: Partial<Pick<Person, 'groups' | 'roles'>> = {}): Person {
  return {
    ...{ name, displayName: name, userPrincipalName: `${name.toLowerCase()}@contoso.example`, objectId },
    ...{ groups: [], roles: [], about: 'Named by the configuration.', password: randomBytes(16).toString('hex') },
    ...more,
  }
}

function applicationOf(name: string, appId: string): Application {
  return {
    ...{ name, appId, objectId: randomUUID(), secret: randomBytes(16).toString('hex'), groups: [], roles: [] },
    ...{ managedIdentityId: null, about: 'Named by the configuration.' },
  }
}

function identityOf(appId: string, at: number, credential: FederatedCredential | null): Application {
  const path = `/subscriptions/${randomUUID()}/resourcegroups/rehearsal/providers/microsoft.managedidentity`
  return {
    ...{ name: `identity-${at + 1}`, appId, objectId: randomUUID(), secret: null, groups: [], roles: [] },
    graphPermissions: ['Application.Read.All', 'GroupMember.Read.All', 'User.Read.All'],
    managedIdentityId: `${path}/userassignedidentities/identity-${at + 1}`,
    federatedCredentials: credential === null ? [] : [credential],
    about: 'An identity that the configuration names.',
  }
}

function publicClient(appId: string): Application {
  return {
    ...{ name: 'sign-in-client', appId, objectId: randomUUID(), secret: null, groups: [], roles: [] },
    ...{ managedIdentityId: null, about: 'The public client with which people sign in.' },
  }
}

/** The gateway's own registration, by whatever names the configuration accepts it; none where it is Microsoft's. */
function registrationsOf({ audiences = [] }: Identity, everybody: readonly Principal[]): Directory['registrations'] {
  const own = audiences.filter(name => !microsoft.test(name))
  if (own.length === 0) return []
  const uris = own.filter(name => !guid.test(name))
  const appId = own.find(name => guid.test(name)) ?? randomUUID()
  return [
    {
      ...{ name: 'gatehouse', appId, uris, accessTokenVersion: guid.test(own[0] ?? '') ? 2 : 1 },
      groupMembershipClaims: 'SecurityGroup',
      appRoles: [...new Set(everybody.flatMap(({ roles }) => roles))],
    },
  ]
}
