/** How programs reach a workload: for people who want to connect one. */
import { z } from '@hono/zod-openapi'
import type { AdminHouse } from './index.ts'

export const connectionFields = {
  name: z.string(),
  targets: z.array(
    z.strictObject({
      name: z.string(),
      path: z.string().openapi({ description: 'What an SDK takes as its endpoint, below the gateway.' }),
    }),
  ),
  deployments: z.array(z.string()).openapi({ description: 'Deployments that the workload may use.' }),
  models: z
    .array(z.strictObject({ deployment: z.string(), model: z.string() }))
    .openapi({ description: 'Models of these deployments, as the instances name them.' }),
}

/** What is the same for every workload. */
export const gatewayFields = {
  gateway: z.string().nullable().openapi({ description: 'Address of the gateway for programs; null for a collector.' }),
  audiences: z.array(z.string()).openapi({ description: 'For which a token may be; the first is the usual one.' }),
}

export function connectionOf({ workloads, instances }: Pick<AdminHouse, 'workloads' | 'instances'>, name: string) {
  const { targets = [], deployments = [] } = workloads[name] ?? {}
  const models = deployments.flatMap(deployment => {
    const facts = Object.values(instances).map(instance => instance.deployments[deployment])
    const model = facts.find(one => one !== undefined)?.model
    return model === undefined ? [] : [{ deployment, model }]
  })
  return {
    name,
    targets: targets.map(target => ({ name: target, path: `/${target}/${name}` })),
    deployments: [...deployments],
    models,
  }
}

export function gatewayOf({ gatewayUrl, audiences }: Pick<AdminHouse, 'gatewayUrl' | 'audiences'>) {
  return { gateway: gatewayUrl, audiences: [...audiences] }
}
