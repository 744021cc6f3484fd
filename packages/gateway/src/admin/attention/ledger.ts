/** The ledger, prices of what it has, and the replicas that share the work. */
import type { LedgerHealth } from '../../ledger/index.ts'
import type { Attention, AttentionFacts, UnpricedModel } from './index.ts'

export function aboutLedger(ledger: LedgerHealth | null): readonly Attention[] {
  const about = { subject: null, sinceMs: null, page: 'ledger', parameters: {} } as const
  if (ledger === null) {
    return [
      {
        ...{ ...about, severity: 'critical', code: 'ledger_unreadable' },
        what: 'The ledger cannot be read at the moment.',
        next: 'Look at the log of the gateway; records are kept in the journal meanwhile.',
      },
    ]
  }
  const { writable, heldEntries, lostRecords, lostBodyBytes, damagedBytes } = ledger
  const found: Attention[] = []
  if (!writable) {
    found.push({
      ...{ ...about, severity: 'critical', code: 'ledger_unwritable' },
      what: `The disk of the ledger takes no records; ${heldEntries} entries wait in memory.`,
      next: 'Free space on it, or repair it. What waits is written when the disk works again.',
    })
  }
  if (lostRecords > 0 || lostBodyBytes > 0) {
    found.push({
      ...{ ...about, severity: 'critical', code: 'records_lost' },
      what: `Since the start of this process ${lostRecords} records and ${lostBodyBytes} bytes of bodies were lost, because the disk took none and memory was full.`,
      next: 'Free space on the disk of the ledger; the log says which times are concerned.',
    })
  }
  if (damagedBytes > 0) {
    found.push({
      ...{ ...about, severity: 'warning', code: 'journal_damaged' },
      what: `${damagedBytes} bytes of the journal could not be read since it began.`,
      next: 'Run `gatehouse ledger check` while the gateway is stopped; it names the places.',
    })
  }
  return found
}

export function aboutPrices(unpriced: readonly UnpricedModel[]): readonly Attention[] {
  return unpriced.map(({ model, calls }) => ({
    ...{ severity: 'warning', code: 'model_unpriced', subject: model, sinceMs: null, page: 'usage' },
    parameters: { by: 'model', model },
    what: `Model ${model} has no price: ${calls} calls of the last day are in no sum of cost, and in no budget.`,
    next: 'Add it under prices in the configuration.',
  }))
}

export function aboutReplicas({ replicas, nowMs }: AttentionFacts): readonly Attention[] {
  const about = { page: 'replicas', parameters: {} } as const
  if (replicas.sharing === 'away') {
    return [
      {
        ...{ ...about, severity: 'warning', code: 'redis_away', subject: null, sinceMs: null },
        what: 'Redis does not answer: the other replicas are in no figure here.',
        next: 'Bring Redis back, or look at the network between it and the gateway.',
      },
    ]
  }
  return replicas.replicas
    .filter(({ status }) => status === 'silent')
    .map(({ name, quietMs }) => ({
      ...{ ...about, severity: 'warning', code: 'replica_silent', subject: name, sinceMs: nowMs - quietMs },
      what: `Replica ${name} has said nothing for ${Math.round(quietMs / 1_000)} s; it is in no sum.`,
      next: 'Look whether it runs, and at its log. One that was ended is forgotten after an hour.',
    }))
}
