import { createRoute } from '@hono/zod-openapi'
import type { InstanceConfig } from '../../config/schema.ts'
import type { AdminApp, AdminParts } from '../app.ts'
import { commonAnswers, jsonAnswer, needs } from '../document.ts'
import { instancesAnswer } from '../schemas.ts'

const route = createRoute({
  method: 'get',
  path: '/api/v1/instances',
  summary: 'Instances and pools as they are configured, without secrets.',
  ...needs('viewer'),
  responses: { 200: jsonAnswer(instancesAnswer, 'Instances with their deployments, and pools.'), ...commonAnswers },
})

export function addInstances(app: AdminApp, { house }: AdminParts): void {
  app.openapi(route, c => {
    const instances = Object.entries(house.instances).map(([name, instance]) => instanceFacts(name, instance))
    const pools = Object.entries(house.pools).map(([name, { members }]) => ({
      name,
      members: members.map(({ instance, priority, weight }) => ({ instance, priority, weight })),
    }))
    return c.json({ instances, pools }, 200)
  })
}

/** Field by field: what is added to the configuration later does not appear here by itself. */
function instanceFacts(name: string, instance: InstanceConfig) {
  return {
    name,
    endpoint: new URL(instance.endpoint).origin,
    region: instance.region ?? null,
    credential: credentialKind(instance.credential),
    deployments: Object.entries(instance.deployments).map(([deployment, { model, kind }]) => ({
      name: deployment,
      model,
      kind,
    })),
  }
}

function credentialKind(credential: InstanceConfig['credential']): 'caller' | 'managed-identity' | 'key' {
  if (typeof credential === 'string') return credential
  return 'key' in credential ? 'key' : 'managed-identity'
}
