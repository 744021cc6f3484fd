/** Section `ledger`: where records are kept. */
import { z } from 'zod'
import { duration } from './common.ts'

export const ledger = z.strictObject({
  directory: z
    .string()
    .min(1)
    .default('./ledger')
    .describe('Directory of the journal and the store, relative to the configuration file. One process at a time.'),
  shared: z
    .boolean()
    .default(false)
    .describe(
      'True if several replicas have the same volume. Each takes a directory of its own in `directory` (`replica-1`, `replica-2`, ...) and holds it with a lease. A new process continues the journal of one that died 20 s ago. docs/replicas.md',
    ),
  ephemeral: z
    .boolean()
    .default(false)
    .describe(
      'True if the directory is lost with this replica, as the own disk of a container. The log says at the start what may be lost. An emptyDir of Kubernetes is detected without this setting. docs/ledger.md',
    ),
  store: z
    .enum(['duckdb', 'none'])
    .default('duckdb')
    .describe(
      '`duckdb`: figures of every record, for reports and lists. `none`: only the journal, for replicas with a collector; needs `redis`, which then keeps usage, owners of objects and owed work. docs/replicas.md',
    ),
  fsync: z
    .union([z.literal('batch'), duration('10ms', '1m', '1s')], { error: 'batch, or a duration from 10ms to 1m, as 1s' })
    .prefault('1s')
    .describe(
      '`batch`: every group of writes is on the disk before it counts. A duration: sync at this interval; a power cut (not a crash of the process) may lose the writes of that time.',
    ),
  whenUnwritable: z
    .enum(['refuse', 'continue'])
    .default('refuse')
    .describe('When the disk cannot be written: refuse calls with 503, or continue and count the lost records.'),
  retain: z
    .strictObject({
      records: duration('1d', '36500d', '400d').describe('How long figures are kept.'),
      bodies: duration('1d', '36500d', '30d').describe('How long bodies are kept; at most as long as figures.'),
      audit: duration('1d', '36500d', '400d').describe(
        'How long entries of the audit trail are kept. They are in files of a day or of 4 MiB. docs/audit.md',
      ),
      archiveAfter: z
        .union([z.literal('never'), duration('32d', '36500d', '90d')], {
          error: 'never, or a duration of at least 32d, as 90d',
        })
        .prefault('never')
        .describe(
          'Days that are older move from the store into Parquet files (`LEDGER/archive`), at least as long as `bodies`. Reports and lists read them there.',
        ),
    })
    .prefault({})
    .describe('How long the ledger keeps records, bodies and the audit trail.'),
  unauthenticated: z
    .strictObject({
      perMinute: z
        .int()
        .min(0)
        .max(1_000_000)
        .default(60)
        .describe('Records of one client address in a minute. IPv6 addresses are counted by their first 64 bits.'),
      allPerMinute: z
        .int()
        .min(1)
        .max(1_000_000)
        .default(600)
        .describe('Records of all addresses together in a minute, and at most as many sums.'),
    })
    .prefault({})
    .describe(
      'How many calls without a valid token have a record of their own. Further calls share one record for each address, code and minute, with their number (`summedCalls`).',
    ),
})
