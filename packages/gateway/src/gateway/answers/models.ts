/**
 * The list of models, answered by the gateway itself: the deployments that the workload may use in its target, by the
 * names that its clients use. An instance would list everything that Azure offers in its region, deployed or not, to
 * any caller.
 */
import { candidatesFor } from '../../instances/pool.ts'
import type { Authorized } from '../exchange.ts'
import { Refusal } from '../refusals.ts'
import type { Relayed } from '../relayed.ts'
import { requireDeployment } from '../stages/3-authorize/grant.ts'
import { sendOwn } from './send.ts'

/** @throws Refusal deployment_not_allowed, deployment_unknown */
export function answerModels(exchange: Authorized): Promise<Relayed> {
  const { route, grant, call } = exchange
  const describe = route.isV1 ? describeV1 : describeDated
  if (route.objectId === null) {
    const data = [...grant.workload.deployments].flatMap(name => {
      const model = modelOf(exchange, name)
      return model === null ? [] : [describe(name, model)]
    })
    return sendOwn(call, { object: 'list', data })
  }
  requireDeployment(grant.workload, route.objectId)
  const model = modelOf(exchange, route.objectId)
  if (model === null) {
    throw new Refusal('deployment_unknown', { target: grant.target.name, deployment: route.objectId })
  }
  return sendOwn(call, describe(route.objectId, model))
}

/** The model of a deployment or an alias; null when no member has it. */
function modelOf({ grant }: Authorized, name: string): string | null {
  const [first] = candidatesFor(grant.target, name)?.all ?? []
  return first === undefined ? null : (first.instance.deployments.get(first.alias ?? name)?.model ?? name)
}

/** OpenAI's `Model`. The gateway does not know when a deployment was created. */
function describeV1(name: string, model: string): unknown {
  return { id: name, object: 'model', created: 0, owned_by: 'gatehouse', model }
}

/** A model in the form of the dated API. */
function describeDated(name: string, model: string): unknown {
  const embeddings = /embedding/i.test(model)
  const completion = /instruct|davinci|babbage/i.test(model)
  const other = /whisper|tts|transcribe|dall-e|image|sora/i.test(model)
  return {
    capabilities: {
      fine_tune: false,
      inference: true,
      completion,
      chat_completion: !embeddings && !completion && !other,
      embeddings,
    },
    lifecycle_status: 'generally-available',
    status: 'succeeded',
    created_at: 0,
    id: name,
    object: 'model',
    model,
  }
}
