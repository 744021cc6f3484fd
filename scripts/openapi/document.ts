/** The OpenAPI document of the management API, as a running listener answers it. */
import { type Sending, startHouse } from '../../packages/gateway/src/admin/house.fixture.ts'

/** A JSON Schema of the draft that OpenAPI 3.1 uses, as far as the management API uses it. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly items?: Schema
  readonly prefixItems?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly description?: string
}

export interface Parameter {
  readonly name: string
  readonly in: 'query' | 'path' | 'header' | 'cookie'
  readonly required?: boolean
  readonly schema: Schema
  readonly description?: string
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>

export interface Operation {
  readonly summary?: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Content; readonly required?: boolean }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
  readonly 'x-gatehouse-roles'?: readonly string[]
}

export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

/** @throws Error when the listener does not answer with its document. */
export async function openApiDocument(): Promise<OpenApiDocument> {
  const closers: (() => unknown)[] = []
  try {
    const house = await startHouse({ after: close => void closers.push(close as () => unknown) })
    const answer = await house.send('/openapi.json', viewer)
    if (answer.status !== 200) throw new Error(`GET /openapi.json answered ${answer.status}: ${answer.text}`)
    return answer.json as OpenApiDocument
  } finally {
    for (const close of closers.reverse()) await close()
  }
}

const viewer: Sending = { as: 'bob' }
