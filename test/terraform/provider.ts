/**
 * Stand-ins for providers: each speaks Terraform's plugin protocol 6 on loopback, knows names and types of arguments,
 * and makes nothing. What only Azure knows (names taken, regions, models, quotas) it cannot refuse.
 */
import { join } from 'node:path'
import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import type { BlockSchema, NestedSchema, ProviderSchema } from './schema.ts'
import { type DynamicValue, made, planned, read, stored, written } from './values.ts'

/** The stand-ins while they run. */
export interface RunningProviders extends AsyncDisposable {
  /** Value of `TF_REATTACH_PROVIDERS`: with it Terraform downloads none of these providers. */
  readonly reattach: string
}

/** A request of the protocol, of whichever kind. */
interface Request {
  readonly type_name: string
  readonly config: DynamicValue | null
  readonly current_state: DynamicValue | null
  readonly proposed_new_state: DynamicValue | null
  readonly planned_state: DynamicValue | null
  readonly raw_state: { readonly json: Uint8Array } | null
}

/** Starts a stand-in for each provider, each on a free port. */
export async function startProviders(schemas: readonly ProviderSchema[]): Promise<RunningProviders> {
  const started = await Promise.all(schemas.map(startProvider))
  return {
    reattach: JSON.stringify(Object.fromEntries(started.map(({ source, plugin }) => [source, plugin]))),
    async [Symbol.asyncDispose]() {
      for (const { server } of started) server.forceShutdown()
    },
  }
}

async function startProvider(schema: ProviderSchema) {
  const server = new Server({ 'grpc.max_send_message_length': -1, 'grpc.max_receive_message_length': -1 })
  server.addService(service(), implementation(schema))
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  const plugin = {
    Protocol: 'grpc',
    ProtocolVersion: 6,
    Pid: process.pid,
    Test: true,
    Addr: { Network: 'tcp', String: `127.0.0.1:${port}` },
  }
  return { source: `registry.terraform.io/${schema.source}`, plugin, server }
}

function service(): ServiceDefinition {
  const definition = loadSync(join(import.meta.dirname, 'tfplugin6.proto'), { keepCase: true, longs: Number })
  const provider = definition['tfplugin6.Provider']
  if (provider === undefined || 'format' in provider) throw new Error('the protocol has no service Provider')
  return provider as ServiceDefinition
}

function implementation(schema: ProviderSchema): UntypedServiceImplementation {
  const resource = (type: string) => schemaOf(schema.resources, type)
  const answers: Readonly<Record<string, (request: Request) => object>> = {
    GetProviderSchema: () => ({
      provider: described(schema.configuration),
      resource_schemas: mapped(schema.resources),
      data_source_schemas: mapped(schema.data),
    }),
    ValidateProviderConfig: () => ({}),
    ValidateResourceConfig: () => ({}),
    ValidateDataResourceConfig: () => ({}),
    ConfigureProvider: () => ({}),
    StopProvider: () => ({}),
    UpgradeResourceState: ({ type_name, raw_state }) => ({
      upgraded_state: written(
        stored(resource(type_name), JSON.parse(Buffer.from(raw_state?.json ?? []).toString('utf8'))),
      ),
    }),
    ReadResource: ({ current_state }) => ({ new_state: current_state }),
    PlanResourceChange: ({ type_name, proposed_new_state }) => ({
      planned_state: written(planned(resource(type_name), read(proposed_new_state))),
      legacy_type_system: true,
    }),
    ApplyResourceChange: ({ type_name, planned_state }) => ({
      new_state: written(made(resource(type_name), type_name, read(planned_state))),
      legacy_type_system: true,
    }),
    ReadDataSource: ({ type_name, config }) => {
      const data = schemaOf(schema.data, type_name)
      return { state: written(made(data, type_name, planned(data, read(config)))) }
    },
  }
  return Object.fromEntries(
    Object.entries(answers).map(([name, answer]) => [
      name,
      (call: { readonly request: Request }, callback: (error: Error | null, answer?: object) => void) => {
        try {
          callback(null, answer(call.request))
        } catch (error) {
          callback(error instanceof Error ? error : new Error(String(error)))
        }
      },
    ]),
  )
}

function schemaOf(schemas: Readonly<Record<string, BlockSchema>>, type: string): BlockSchema {
  const schema = schemas[type]
  if (schema === undefined) throw new Error(`the stand-in has no schema of ${type}`)
  return schema
}

function mapped(schemas: Readonly<Record<string, BlockSchema>>): object {
  return Object.fromEntries(Object.entries(schemas).map(([type, block]) => [type, described(block)]))
}

function described(block: BlockSchema): object {
  return { version: 0, block: blockMessage(block) }
}

function blockMessage(block: BlockSchema): object {
  return {
    attributes: Object.entries(block.attributes).map(([name, { type, use }]) => ({
      name,
      type: Buffer.from(JSON.stringify(type)),
      required: use === 'required',
      optional: use === 'optional',
      computed: use !== 'required',
    })),
    block_types: Object.entries(block.blocks).map(([name, nested]) => ({
      type_name: name,
      block: blockMessage(nested.block),
      nesting: nestingOf(name),
      ...bounds(name, nested),
    })),
  }
}

/** Timeouts are a single block (1), everything else a list (2), as the protocol numbers them. */
function nestingOf(name: string): number {
  return name === 'timeouts' ? 1 : 2
}

function bounds(name: string, { min, max }: NestedSchema): object {
  return name === 'timeouts' ? {} : { min_items: min, max_items: max }
}
