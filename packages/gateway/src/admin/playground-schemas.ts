/** What goes in and out of the routes of the playground. */
import { z } from '@hono/zod-openapi'
import { nameForm, nameFormSaid } from '../config/schema/common.ts'
import { relayedOperations } from './playground/relay.ts'
import { whole } from './schemas.ts'

/** Longest body of a relayed call, in bytes: a conversation with a few images. */
export const relayedBytesMax = 8_388_608

export const playgroundAnswer = z
  .strictObject({
    workloads: z
      .array(
        z.strictObject({
          name: z.string(),
          operations: z
            .array(z.enum(relayedOperations))
            .openapi({ description: 'Those that the playground can send and the workload may use.' }),
          targets: z.array(
            z.strictObject({
              name: z.string().openapi({ description: 'An instance or a pool.' }),
              deployments: z.array(
                z.strictObject({
                  name: z.string().openapi({ description: 'As calls name it.' }),
                  model: z.string(),
                  talks: z
                    .boolean()
                    .openapi({ description: 'False for models of embeddings, sound and images, by their names.' }),
                }),
              ),
            }),
          ),
        }),
      )
      .openapi({ description: 'Workloads that the caller may call as.' }),
    bodyBytesMax: z.int().openapi({ description: 'Longest body of a call through the playground, in bytes.' }),
  })
  .openapi('Playground')

/** A part of the address at the gateway: nothing else can become one. */
const name = z.string().regex(nameForm, `expected ${nameFormSaid}`)

export const relayParameters = z.strictObject({
  workload: name.openapi({ description: 'Workload to call as.', example: 'hr-bot' }),
  target: name.openapi({ description: 'Instance or pool to call.', example: 'main' }),
})

export const relayedBody = z
  .record(z.string(), z.unknown())
  .openapi({ type: 'object', description: 'The body as the gateway takes it; `model` names the deployment.' })

export const myCallWaitSecondsMax = 20

export const myCallParameters = z.strictObject({
  waitSeconds: whole(0, myCallWaitSecondsMax)
    .optional()
    .openapi({ description: 'How long to wait for the end of a call that is still running. Default 0.' }),
})
