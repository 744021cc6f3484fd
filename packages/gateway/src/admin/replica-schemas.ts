/** The replicas in answers about the running house: who they are, and what each of them says. */
import { z } from '@hono/zod-openapi'
import type { ReplicaFigures, ReplicasReport } from '../replicas/index.ts'

const facts = {
  id: z.string().openapi({ description: 'Belongs to the replica’s ledger, so it outlives restarts.' }),
  name: z.string().openapi({ description: 'As its records have it.' }),
  isSelf: z.boolean().openapi({ description: 'True for the replica that answers.' }),
  status: z.enum(['alive', 'silent']).openapi({
    description: '`silent`: it has not published for 15 seconds; it is in no sum. After an hour it is forgotten.',
  }),
  quietMs: z.number().openapi({ description: 'Time since it last published.' }),
  version: z.string().nullable().openapi({
    description: 'Null, like everything that it says, where a version published it that this one cannot read.',
  }),
  startedAtMs: z.number().nullable(),
  callsInFlight: z.int().nullable(),
}

/** @param own what each replica says beside its facts; null like its version. */
export const replicasOf = <Own extends z.ZodRawShape>(own: Own) =>
  z.strictObject({
    sharing: z.enum(['ok', 'alone', 'away']).openapi({
      description:
        '`alone`: no Redis is configured. `away`: Redis does not answer. In both cases only the own figures are known.',
    }),
    replicas: z.array(z.strictObject({ ...facts, ...own })),
  })

type Shared<Own> = {
  sharing: ReplicasReport['sharing']
  replicas: ({
    id: string
    name: string
    isSelf: boolean
    status: 'alive' | 'silent'
    quietMs: number
    version: string | null
    startedAtMs: number | null
    callsInFlight: number | null
  } & Own)[]
}

/** @param own what to show of a replica besides; called with null where it cannot be read. */
export function replicaFacts<Own extends object>(
  { sharing, replicas }: ReplicasReport,
  own: (figures: ReplicaFigures | null) => Own,
): Shared<Own> {
  return {
    sharing,
    replicas: replicas.map(({ id, name, isSelf, status, quietMs, figures }) => ({
      ...{ id, name, isSelf, status, quietMs },
      version: figures?.version ?? null,
      startedAtMs: figures?.startedAtMs ?? null,
      callsInFlight: figures?.callsInFlight ?? null,
      ...own(figures),
    })),
  }
}
