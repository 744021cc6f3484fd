/**
 * "On your data": a chat with an answer that is grounded in documents of a search service, which `data_sources` names.
 */
import { isRecord, type JsonRecord, listOf, textOf } from '../../json.ts'
import { countText } from '../billing/index.ts'
import { type Call, type Work, workableDeployment } from '../call.ts'
import { invalidRequest } from '../errors.ts'

/**
 * What the answer says of its sources: the member `context` of its message. Null for a call without data sources. A
 * source may name a deployment that turns the question into a vector: that deployment is billed for the question.
 * Throws 400 for a source without type or parameters, 404 for a deployment that does not exist.
 */
export function groundingOf(call: Call, work: Work, input: JsonRecord): JsonRecord | null {
  if (input.data_sources === undefined || input.data_sources === null) return null
  const [source] = listOf(input.data_sources).filter(isRecord)
  const parameters = isRecord(source?.parameters) ? source.parameters : null
  if (source === undefined || textOf(source.type) === '' || parameters === null) {
    const message = 'Validation error at #/data_sources/0: a data source has a type and parameters.'
    throw invalidRequest(message, 'data_sources', null)
  }
  const question = textOf(
    listOf(input.messages)
      .filter(isRecord)
      .findLast(message => message.role === 'user')?.content,
  )
  embed(call, work, parameters, question)
  const place = textOf(parameters.index_name) || textOf(source.type)
  const citation = {
    content: `What the index ${place} holds on: ${question}`.slice(0, 400),
    title: `${place} handbook`,
    url: `https://${place}.example/handbook.html`,
    filepath: 'handbook.html',
    chunk_id: '0',
  }
  return { citations: [citation], intent: JSON.stringify([question]) }
}

function embed(call: Call, work: Work, parameters: JsonRecord, question: string): void {
  const { embedding_dependency: dependency } = parameters
  if (!isRecord(dependency) || dependency.type !== 'deployment_name') return
  const needs = { ability: 'embeddings', says: 'embeddings' } as const
  const deployment = workableDeployment(work.service, textOf(dependency.deployment_name), needs)
  const promptTokens = countText(deployment.model, question)
  call.line.tools = [{ deployment: deployment.name, promptTokens, completionTokens: 0 }]
}
