import { allOperations, type Operation } from '../../wire/operations.ts'

type Json = Record<string, unknown>

/**
 * An OpenAPI 3.1 description of what this gateway serves, made from the table of operations. Bodies are those of Azure
 * OpenAI and are described there. This description has the addresses, the authentication, and the gateway's own
 * answers.
 */
export function describeApi(baseUrl: string): Json {
  const paths: Json = { ...pages }
  for (const operation of allOperations) {
    for (const { path, parameters, form } of addresses(operation)) {
      const described = operation.methods.map(method => [
        method.toLowerCase(),
        describe(operation, method, form, parameters),
      ])
      // Two operations can share a path, each with its own methods.
      paths[path] = { ...(paths[path] as Json | undefined), ...Object.fromEntries(described) }
    }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Gatehouse', version: '1', description: 'Azure OpenAI, with Microsoft Entra ID and a ledger.' },
    servers: [{ url: baseUrl }],
    security: [{ entra: [] }, { tokenAsApiKey: [] }],
    paths,
    components: {
      securitySchemes: {
        entra: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'An access token of Microsoft Entra ID.',
        },
        tokenAsApiKey: {
          type: 'apiKey',
          in: 'header',
          name: 'api-key',
          description: 'The same token, for clients that can send only an API key.',
        },
      },
      schemas: { Refusal: refusalSchema },
    },
  }
}

/** Names of parameters must be unique in an address; `part` and `member` are inside the object. */
export function describedPath(path: string): string {
  const names = ['{id}', '{part}', '{member}'].values()
  return path.replaceAll('{id}', () => names.next().value ?? '{id}')
}

interface DescribedAddress {
  readonly path: string
  readonly form: 'dated' | 'v1' | 'short_v1' | 'workload' | 'workload_v1' | 'dated_deployment' | 'workload_deployment'
  readonly parameters: readonly Json[]
}

function addresses(operation: Operation): readonly DescribedAddress[] {
  const dated = operation.underDeployment && operation.deployment === 'required'
  const operationPath = describedPath(operation.path)
  const below = dated ? `deployments/{deployment}/${operationPath}` : operationPath
  const inPath = [...below.matchAll(/\{(\w+)\}/g)].map(([, name]) =>
    name === 'id' ? idParameter(operation) : pathParameter(name ?? ''),
  )
  const apiVersion = { name: 'api-version', in: 'query', required: true, schema: { type: 'string' } }
  const ids = inPath.filter(parameter => parameter['name'] !== 'deployment')
  const names = [pathParameter('target'), pathParameter('workload')]
  const header = { name: 'x-gatehouse-workload', in: 'header', required: false, schema: { type: 'string' } }
  const always: DescribedAddress[] = [
    { path: `/{target}/{workload}/openai/${below}`, form: 'workload', parameters: [...names, ...inPath, apiVersion] },
    { path: `/{target}/{workload}/openai/v1/${operationPath}`, form: 'workload_v1', parameters: [...names, ...ids] },
    { path: `/openai/${below}`, form: 'dated', parameters: [...inPath, apiVersion, header] },
    { path: `/openai/v1/${operationPath}`, form: 'v1', parameters: [...ids, header] },
    { path: `/v1/${operationPath}`, form: 'short_v1', parameters: [...ids, header] },
  ]
  if (!operation.underDeployment || dated) return always
  // Batches exist with and without a deployment in the path.
  const under = `deployments/{deployment}/${operationPath}`
  const given = [pathParameter('deployment'), ...ids, apiVersion]
  return [
    ...always,
    { path: `/{target}/{workload}/openai/${under}`, form: 'workload_deployment', parameters: [...names, ...given] },
    { path: `/openai/${under}`, form: 'dated_deployment', parameters: [...given, header] },
  ]
}

function describe(
  operation: Operation,
  method: string,
  form: DescribedAddress['form'],
  parameters: readonly Json[],
): Json {
  const types = contentTypes[operation.body].map(type => [type, { schema: { type: 'object' } }])
  const hasBody = method === 'POST' && operation.body !== 'none'
  return {
    operationId: `${form}_${method.toLowerCase()}_${operation.name.replace(/\W+/g, '_')}`,
    summary: operation.name,
    parameters,
    ...(hasBody ? { requestBody: { required: true, content: Object.fromEntries(types) } } : {}),
    responses: {
      '2XX': { description: 'The answer of Azure OpenAI, as it came.' },
      default: {
        description: 'An error of Azure OpenAI as it came, or a refusal of the gateway (x-gatehouse-refusal names it).',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Refusal' } } },
      },
    },
  }
}

const contentTypes = {
  json: ['application/json'],
  multipart: ['multipart/form-data'],
  either: ['application/json', 'multipart/form-data'],
  none: [],
} as const satisfies Record<Operation['body'], readonly string[]>

/** Addresses without a token (`pages/index.ts`). */
const pages: Json = Object.fromEntries(
  [
    ['/healthz', 'Whether the process answers.'],
    ['/readyz', 'Whether it takes calls: 503 while it does not.'],
    ['/openapi.json', 'This document.'],
    ['/.well-known/oauth-protected-resource', 'Where clients get tokens (RFC 9728).'],
  ].map(([path, description]) => [
    path,
    {
      get: {
        operationId: `page_${path?.replace(/\W+/g, '_')}`,
        summary: description,
        security: [],
        responses: { '2XX': { description, content: { 'application/json': { schema: { type: 'object' } } } } },
      },
    },
  ]),
)

function idParameter({ idPrefix }: Operation): Json {
  const schema = idPrefix === null ? { type: 'string' } : { type: 'string', pattern: `^${idPrefix}` }
  return { ...pathParameter('id'), schema }
}

function pathParameter(name: string): Json {
  return { name, in: 'path', required: true, schema: { type: 'string' } }
}

const refusalSchema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['message', 'type', 'param', 'code'],
      properties: {
        message: { type: 'string' },
        type: { type: ['string', 'null'] },
        param: { type: ['string', 'null'] },
        code: { type: ['string', 'null'] },
      },
    },
  },
} as const satisfies Json
