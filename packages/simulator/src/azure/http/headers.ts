/** Headers that are the same for every content of an answer, as recorded answers of 2025 and 2026 have them. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Draw } from '../seed.ts'
import type { Deployment, Service } from '../service.ts'

/** Headers of every answer. */
export function answerHeaders(service: Service, request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {
    'apim-request-id': randomUUID(),
    // The model's front end gives ids of its own.
    'x-request-id': randomUUID(),
    'x-ms-region': service.region,
    'x-content-type-options': 'nosniff',
    'strict-transport-security': 'max-age=31536000; includeSubDomains; preload',
    'access-control-allow-origin': '*',
  }
  const clientId = request.headers['x-ms-client-request-id']
  if (typeof clientId === 'string') headers['x-ms-client-request-id'] = clientId
  return headers
}

/** Further headers of a model's answers. Those of the Responses API take another way than the others. */
export function modelHeaders(deployment: Deployment, operation: string, draw: Draw): Record<string, string> {
  const named = { 'x-ms-deployment-name': encodeURIComponent(deployment.name) }
  if (!operation.startsWith('responses')) {
    const session = draw.number('session').toString(16).padStart(8, '0')
    return { ...named, 'azureml-model-session': `d${session.slice(0, 3)}-20250922222629`, 'x-accel-buffering': 'no' }
  }
  const cluster = encodeURIComponent(deployment.model.toLowerCase())
  return {
    ...named,
    'azure-openai-data-collection': 'true',
    'x-ms-cmp-host': 'cmp.simulator.example',
    'x-ms-oai-backend-host': `https://aoai-${cluster}.simulator.example`,
    'x-ms-oai-clip-host': `https://aoai-${cluster}-clip.simulator.example`,
  }
}

/**
 * The answer to a browser's preflight; null for other requests. Every origin and every header field is allowed. These
 * fields follow the Fetch standard: no recorded answer of the service was there to compare them with.
 */
export function preflightHeaders(request: IncomingMessage): Record<string, string> | null {
  const { origin, 'access-control-request-method': method, 'access-control-request-headers': fields } = request.headers
  if (request.method !== 'OPTIONS' || origin === undefined || method === undefined) return null
  return {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS',
    ...(fields === undefined ? {} : { 'access-control-allow-headers': fields }),
    'access-control-max-age': '3600',
    'content-length': '0',
  }
}
