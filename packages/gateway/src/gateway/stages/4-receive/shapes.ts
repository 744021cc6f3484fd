/**
 * The positions in a body of the members that decide whether a call may run. Compiled once for each operation and
 * policy.
 */

import { blobMembers, dataSourceMembers } from '../../../wire/backends.ts'
import type { Operation } from '../../../wire/operations.ts'
import { Shape, type ShapeSpec } from '../../../wire/shape.ts'
import type { Policy } from '../../plan/policy.ts'

/** Names of a deployment, in tools and data sources of any version. */
const deploymentKeys = [
  'deployment',
  'deployment_name',
  'deploymentName',
  'embedding_deployment',
  'embedding_deployment_name',
  'embeddingDeploymentName',
  'deep_research_model',
]
/** Members whose content is up to the caller. */
const schemas = ['parameters', 'schema', 'properties', 'function', 'format', 'spec', 'headers']

function all(keys: readonly string[]): Record<string, true> {
  return Object.fromEntries(keys.map(key => [key, true]))
}

const withinTool = new Shape({
  find: { ...all(deploymentKeys), model: true, network_policy: true },
  leave: schemas,
  rest: 'self',
})
const tool = new Shape({
  find: { type: true, model: true, tools: 'self', network_policy: true, ...all(deploymentKeys) },
  leave: schemas,
  rest: withinTool,
  each: true,
})
const dataSource = new Shape({
  find: { type: true, authentication: true, ...all(deploymentKeys) },
  leave: ['fields_mapping', 'fieldsMapping', 'filter', 'role_information', 'roleInformation'],
  rest: 'self',
})
/** Evaluations and graders run models in many places. */
const anywhere = new Shape({
  find: { model: true, ...all(deploymentKeys), tools: tool },
  leave: ['schema', 'item_schema', 'parameters', 'properties', 'metadata', 'item', 'content', 'sample', 'messages'],
  rest: 'self',
})

const urls: ShapeSpec = {
  find: { image_url: true, file_url: true, audio_url: true, video_url: true, url: true, tools: tool },
  leave: ['annotations', 'results', 'metadata', 'parameters', 'action', 'logprobs', 'schema', 'function'],
  rest: 'self',
}
const urlsAnywhere = new Shape(urls)
/** Items of an input can bring tools that a search has found. */
const item = new Shape({ find: { tools: tool } })

const policyMembers = [
  'service_tier',
  'background',
  'store',
  'prompt',
  'agent',
  'agent_reference',
  'web_search_options',
  'network_policy',
  'endpoint',
  ...blobMembers,
]

export interface BodyShapes {
  readonly ordinary: Shape
  readonly withUrls: Shape
  readonly anywhere: Shape
}

/** @param members further members of the body itself that the stages read. */
export function bodyShapes(members: readonly string[]): BodyShapes {
  const find = {
    ...all(members),
    ...all(policyMembers),
    tools: tool,
    ...Object.fromEntries(dataSourceMembers.map(member => [member, dataSource])),
  }
  return {
    ordinary: new Shape({ find: { ...find, input: item, items: item } }),
    withUrls: new Shape({
      find: { ...find, input: urlsAnywhere, items: urlsAnywhere },
      leave: ['metadata', 'functions', 'response_format', 'text'],
      rest: urlsAnywhere,
    }),
    anywhere: new Shape({ find, leave: ['metadata'], rest: anywhere }),
  }
}

export function shapeFor(shapes: BodyShapes, { family }: Pick<Operation, 'family'>, policy: Policy): Shape {
  if (family === 'evals' || family === 'fine_tuning') return shapes.anywhere
  return policy.outsideUrls === 'allow' ? shapes.ordinary : shapes.withUrls
}
