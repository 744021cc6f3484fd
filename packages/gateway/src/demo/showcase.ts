/**
 * What the demonstration has beyond an ordinary configuration: limits that can be watched, and provisioned capacity
 * that spills over.
 */

import { demoAudience, type SimulatedDeployment } from '@gatehouse/simulator'
import type { ConfigInput } from '../config/schema/index.ts'
import { demoDeployments, type demoInstances } from './configuration.ts'

const provisionedInstance = 'dev-openai-instance-1' satisfies keyof typeof demoInstances
const provisionedDeployment = 'gpt-4o'

/**
 * Deployments of a simulated instance. Instance 1 has gpt-4o as provisioned throughput, slightly more than the average
 * of the demonstration's traffic: in its peaks the pool spills over.
 */
export function showcaseDeployments(instance: string): Readonly<Record<string, SimulatedDeployment>> {
  const standard = demoDeployments[provisionedDeployment]
  if (instance !== provisionedInstance || standard === undefined) return demoDeployments
  const provisioned = { ...standard, kind: 'provisioned', tokensPerMinute: 1_500, burstSeconds: 20 } as const
  return { ...demoDeployments, [provisionedDeployment]: provisioned }
}

/** Limits that are visibly in use, and that a day of the demonstration's traffic does not reach. */
export function showcase(config: ConfigInput): ConfigInput {
  return {
    ...config,
    identity: {
      entra: {
        ...config.identity.entra,
        // Azure's own audiences are for callers that cannot request another one: their tokens carry no groups and no
        // app roles.
        audiences: [demoAudience, 'https://cognitiveservices.azure.com', 'https://ai.azure.com'],
        // Their groups are looked up in Microsoft Graph, which the simulated tenant has at the same address.
        graph: { endpoint: config.identity.entra.authority ?? '' },
      },
    },
    instances: mapped(config.instances, (instance, name) => ({
      ...instance,
      deployments: mapped(instance.deployments, (deployment, of) =>
        name === provisionedInstance && of === provisionedDeployment
          ? { ...deployment, kind: 'provisioned' as const }
          : deployment,
      ),
    })),
    pools: {
      main: {
        members: [
          { instance: 'dev-openai-instance-1', priority: 1, spillAtUtilization: 0.9 },
          { instance: 'dev-openai-instance-2', priority: 2 },
        ],
      },
    },
    workloads: mapped(config.workloads, (workload, name) => ({ ...workload, ...limitsOf[name] })),
    limits: {
      rules: {
        all: { costPerMonth: '50 USD', costPerQuarter: '120 USD' },
        // Refuses nothing: `gatehouse limits` shows what it would have refused.
        trial: { mode: 'shadow', per: ['caller'], tokensPerHour: 3_000 },
      },
    },
  }
}

const limitsOf: Readonly<Record<string, Pick<ConfigInput['workloads'][string], 'limits' | 'priority'>>> = {
  'hr-bot': {
    priority: 'interactive',
    limits: {
      tokensPerMinute: 40_000,
      tokensPerDay: 2_000_000,
      costPerMonth: '10 USD',
      perCaller: { tokensPerMinute: 20_000 },
    },
  },
  'code-assistant': {
    priority: 'standard',
    limits: { tokensPerMinute: 60_000, tokensPerDay: 5_000_000, costPerMonth: '20 USD' },
  },
  'expert-finder': {
    priority: 'batch',
    limits: { requestsPerMinute: 300, callsInFlight: 50, tokensPerDay: 1_000_000, costPerMonth: '2 USD' },
  },
}

function mapped<Value, Result>(
  values: Readonly<Record<string, Value>>,
  change: (value: Value, name: string) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value, name)]))
}
