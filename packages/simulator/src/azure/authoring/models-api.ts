/** The list of models that the resource offers, in the shape of the dated API or of v1. */
import type { JsonRecord } from '../../json.ts'
import type { Call } from '../call.ts'
import { noSuchObject } from '../errors.ts'
import { sendJson } from '../http/answer.ts'
import { knownModels, modelFacts } from '../models.ts'

/** Creation time of the catalogue's models, for clients that sort by it: 2025-01-01. */
const listedSinceSeconds = 1_735_689_600

export async function listModels(call: Call): Promise<void> {
  return sendJson(call, { data: offered(call).map(model => describe(model, call.route.apiVersion)), object: 'list' })
}

export async function getModel(call: Call): Promise<void> {
  const model = offered(call).find(each => each === call.route.id || modelFacts(each).snapshot === call.route.id)
  if (model === undefined) throw noSuchObject('The specified model does not exist.', 'model')
  return sendJson(call, describe(model, call.route.apiVersion))
}

function offered(call: Call): string[] {
  const deployed = [...call.service.deployments.values()].map(each => each.model)
  return [...new Set([...deployed, ...knownModels])]
}

function describe(model: string, apiVersion: string | null): JsonRecord {
  const { abilities } = modelFacts(model)
  if (apiVersion === null) return { id: model, object: 'model', created: listedSinceSeconds, owned_by: 'system' }
  return {
    capabilities: {
      fine_tune: false,
      inference: true,
      completion: abilities.includes('completion'),
      chat_completion: abilities.includes('chat'),
      embeddings: abilities.includes('embeddings'),
    },
    lifecycle_status: 'generally-available',
    status: 'succeeded',
    created_at: listedSinceSeconds,
    updated_at: listedSinceSeconds,
    id: model,
    object: 'model',
  }
}
