/** The demonstration's configuration: two instances, a pool, three workloads, and who may do what. */

import {
  azureCliClientId,
  consoleClientId,
  type Directory,
  demoAudience,
  demoDirectory,
  type SimulatedDeployment,
} from '@gatehouse/simulator'
import type { ConfigInput } from '../config/schema/index.ts'

/** Deployments of both simulated instances, with the speed of real ones. */
export const demoDeployments: Readonly<Record<string, SimulatedDeployment>> = {
  'gpt-4o': { model: 'gpt-4o', timeToFirstTokenMs: 380, tokensPerSecond: 90, jitter: 0.4, tokensPerMinute: 450_000 },
  'gpt-4o-mini': {
    model: 'gpt-4o-mini',
    timeToFirstTokenMs: 260,
    tokensPerSecond: 140,
    jitter: 0.4,
    tokensPerMinute: 2_000_000,
  },
  'text-embedding-3-small': {
    model: 'text-embedding-3-small',
    timeToFirstTokenMs: 45,
    jitter: 0.5,
    tokensPerMinute: 1_000_000,
  },
}

export const demoInstances = {
  'dev-openai-instance-1': { region: 'swedencentral' },
  'dev-openai-instance-2': { region: 'eastus2' },
} as const

export interface DemoAddresses {
  readonly gatewayListen: string
  readonly adminListen: string
  readonly authority: string
  /** URLs of the simulated instances, and the API key of the second. */
  readonly instance1: string
  readonly instance2: string
  readonly instance2Key: string
  readonly ledgerDirectory: string
}

/**
 * Instance 1 takes the gateway's managed identity, instance 2 an API key, to show both. Limits are in `showcase.ts`.
 */
export function demoConfig(at: DemoAddresses): ConfigInput {
  const deployments = Object.fromEntries(
    Object.entries(demoDeployments).map(([name, { model, kind }]) => [name, { model, ...(kind ? { kind } : {}) }]),
  )
  return {
    // Calls can request faults of the simulator, as docs/simulator.md shows.
    gateway: { listen: at.gatewayListen, forwardHeaders: ['x-simulator-fault'] },
    admin: {
      listen: at.adminListen,
      applyConfiguration: true,
      signIn: { clientId: consoleClientId },
      roles: {
        viewer: [{ group: group('compliance') }, { group: group('finance') }],
        developer: [{ group: group('hr-department') }, { group: group('engineering') }],
        auditor: [{ role: 'Gatehouse.Auditor' }],
        operator: [{ group: group('engineering') }],
        admin: [{ group: group('platform') }],
        // Two people: who erases must not be able to lift a hold.
        custodian: [{ group: group('compliance') }],
        eraser: [{ group: group('platform') }],
      },
    },
    identity: {
      entra: {
        authority: at.authority,
        tenants: [demoDirectory.tenantId],
        // The company's own registration: tokens for Microsoft's own audience list no groups and no app roles.
        audiences: [demoAudience],
        signInClient: azureCliClientId,
      },
    },
    instances: {
      'dev-openai-instance-1': {
        endpoint: at.instance1,
        region: demoInstances['dev-openai-instance-1'].region,
        credential: 'managed-identity',
        deployments,
      },
      'dev-openai-instance-2': {
        endpoint: at.instance2,
        region: demoInstances['dev-openai-instance-2'].region,
        credential: { key: at.instance2Key },
        deployments,
      },
    },
    pools: { main: { members: [{ instance: 'dev-openai-instance-1' }, { instance: 'dev-openai-instance-2' }] } },
    workloads: {
      'hr-bot': {
        callers: [{ group: group('hr-department') }],
        targets: ['main', 'dev-openai-instance-1', 'dev-openai-instance-2'],
        deployments: ['gpt-4o', 'gpt-4o-mini', 'text-embedding-3-small'],
      },
      'code-assistant': {
        callers: [{ group: group('engineering') }],
        targets: ['main', 'dev-openai-instance-2'],
        deployments: ['gpt-4o', 'gpt-4o-mini'],
      },
      'expert-finder': {
        callers: [{ app: application('expert-finder-app').appId }],
        targets: ['main'],
        deployments: ['gpt-4o-mini', 'text-embedding-3-small'],
      },
    },
    ledger: { directory: at.ledgerDirectory },
    log: { level: 'warn' },
  }
}

function group(name: string): string {
  return named(demoDirectory.groups, name).objectId
}

function application(name: string): Directory['applications'][number] {
  return named(demoDirectory.applications, name)
}

function named<T extends { readonly name: string }>(list: readonly T[], name: string): T {
  const found = list.find(one => one.name === name)
  if (found === undefined) throw new TypeError(`the demonstration's directory has no ${name}`)
  return found
}
