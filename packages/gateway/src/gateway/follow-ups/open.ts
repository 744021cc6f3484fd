/** Debts of an earlier process: work that calls in the ledger began and no record has charged. */
import { uuidV7 } from '../../ids.ts'
import type { Ledger } from '../../ledger/index.ts'
import type { RecordRow } from '../../ledger/record.ts'
import type { Limits } from '../../limits/index.ts'
import type { Debt, Objects } from '../../objects/index.ts'
import { costOf } from '../../prices/cost.ts'
import type { PriceBook } from '../../prices/index.ts'
import { boundedUsage } from '../stages/9-record/bound.ts'
import { FollowUpQueue, type FollowUpsParts } from './queue.ts'

export interface OpenFollowUpsParts extends Omit<FollowUpsParts, 'costNanoOf' | 'debts' | 'newId' | 'limits'> {
  readonly limits: Pick<Limits, 'hold' | 'learned'>
  readonly objects: Pick<Objects, 'debts'>
  readonly ledger: Pick<Ledger, 'owed'>
  readonly prices: () => PriceBook
  readonly modelOf: (instance: string, deployment: string) => string | null
}

/** Opens the follow-ups with the debts of earlier processes, reserved again. Wait for it before calls are admitted. */
export async function openFollowUps(parts: OpenFollowUpsParts): Promise<FollowUpQueue> {
  const { ledger, limits, objects, clock, settings } = parts
  const followUps = new FollowUpQueue({
    ...parts,
    debts: objects.debts,
    newId: uuidV7(clock),
    costNanoOf: debt => costNanoOf(debt, parts),
  })
  // Including debts that have become too old meanwhile: they are charged at their bound.
  const rows = await ledger.owed(clock() - 2 * settings().longest)
  const debts = rows.map(row => debtOfRecord(row, limits)).filter(debt => debt !== null)
  followUps.takeOver(debts)
  return followUps
}

/** Cost of the bound, for limits on cost; 0 where no price is known. */
function costNanoOf(
  { deployment, servedDeployment, instance, startedAtMs, bound }: Debt,
  { prices, modelOf }: Pick<OpenFollowUpsParts, 'prices' | 'modelOf'>,
): number {
  const name = servedDeployment ?? deployment
  const book = prices()
  const price = name === null ? null : book.priceOf(null, modelOf(instance, name) ?? name, startedAtMs)
  return price === null ? 0 : costOf(price, boundedUsage(bound), book.currency).nano
}

/** Null for a record that does not say enough for a follow-up. */
function debtOfRecord(row: RecordRow, limits: Pick<Limits, 'learned'>): Debt | null {
  const { id, objectId, callerKind, callerTenantId, workload, target, instance, operation } = row
  if (objectId === null || callerKind === null || callerTenantId === null) return null
  if (workload === null || target === null || instance === null) return null
  if (operation !== 'responses' && operation !== 'batches') return null
  return {
    objectId,
    kind: operation === 'batches' ? 'batch' : 'response',
    recordId: id,
    startedAtMs: row.startedAtMs,
    caller: {
      kind: callerKind,
      tenantId: callerTenantId,
      objectId: row.callerObjectId ?? '',
      appId: row.callerAppId,
      displayName: row.callerName,
    },
    workload,
    target,
    instance,
    deployment: row.deployment,
    servedDeployment: row.servedDeployment,
    apiVersion: isV1(row.path) ? null : row.apiVersion,
    bound: boundOfRecord(row, limits),
    traceId: row.traceId,
  }
}

/**
 * \`/v1/...\` and \`/{target}/{workload}/openai/v1/...\`; the query, with a version that v1 may carry, is not in the
 * path.
 */
function isV1(path: string): boolean {
  return /^\/+v1\/|\/openai\/v1\//.test(path)
}

/** The reservation of the call, if it met a limit; otherwise the present estimate for such calls. */
function boundOfRecord(
  { workload, deployment, operation, requestBytes, reservedTokens }: RecordRow,
  limits: Pick<Limits, 'learned'>,
): Debt['bound'] {
  const learned = limits.learned(workload ?? '', deployment)
  const isBatch = operation === 'batches'
  const prompt = isBatch ? 0 : learned.promptTokens({ textBytes: requestBytes, media: 0, soundTokens: 0, stored: 0 })
  if (reservedTokens === null || reservedTokens === 0) {
    return { promptTokens: prompt, completionTokens: learned.completionTokens() }
  }
  const promptTokens = Math.min(prompt, reservedTokens)
  return { promptTokens, completionTokens: reservedTokens - promptTokens }
}
