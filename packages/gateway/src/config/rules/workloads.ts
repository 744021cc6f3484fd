/** Rules of workloads: what they may use, and where shares and copies of their calls go. */
import { operationNames } from '../../wire/operations.ts'
import { toolNames } from '../../wire/tools.ts'
import { type Path, printable, showValue } from '../messages.ts'
import type { Config, LimitsConfig, WorkloadConfig } from '../schema/index.ts'
import { conflict, listOf, type Notes, refuseDuplicates, unknownKeyName, unknownName, warn } from './notes.ts'
import { type Offer, offerOfAll } from './offers.ts'

export interface Offered {
  /** By target. */
  readonly offers: ReadonlyMap<string, Offer>
  /** Pools with an unknown member, of which the offer is not all that they have. */
  readonly unsure: ReadonlySet<string>
}

export function checkTargets(workloads: Config['workloads'], { offers, unsure }: Offered, notes: Notes): void {
  for (const [name, workload] of Object.entries(workloads)) {
    const path = ['workloads', name]
    for (const [index, target] of workload.targets.entries()) {
      if (offers.has(target)) continue
      notes.errors.push(unknownName(target, [...path, 'targets', index], 'instance or pool', [...offers.keys()]))
    }
    checkOutput(workload, path, notes)
    const unknown = workload.targets.find(target => !offers.has(target) || unsure.has(target))
    if (unknown !== undefined) {
      const why = offers.has(unknown) ? `pool ${unknown} has an unknown member` : 'a target is unknown'
      notes.unchecked.push({ path: [...path, 'deployments'], why })
      continue
    }
    const reachable = offerOfAll(workload.targets, offers)
    for (const [index, deployment] of workload.deployments.entries()) {
      if (reachable.has(deployment)) continue
      const kind = `deployment of the targets ${workload.targets.join(', ')}`
      notes.errors.push(unknownName(deployment, [...path, 'deployments', index], kind, [...reachable.keys()]))
    }
    checkCanaries(workload, offers, path, notes)
    checkShadows(workload, offers, path, notes)
  }
}

function checkOutput({ output }: WorkloadConfig, path: Path, notes: Notes): void {
  const { required = false, standard, most } = output ?? {}
  if (standard === undefined) return
  const at = [...path, 'output', 'standard']
  if (required)
    conflict(notes, at, String(standard), 'nothing, or required: false: calls without a maximum are refused')
  if (most !== undefined && standard > most) conflict(notes, at, String(standard), `at most output.most (${most})`)
}

function checkCanaries(workload: WorkloadConfig, offers: ReadonlyMap<string, Offer>, path: Path, notes: Notes): void {
  for (const [deployment, { deployment: canary }] of Object.entries(workload.canary)) {
    const at = [...path, 'canary', deployment]
    if (!refuseForeign(workload, deployment, at, notes)) continue
    if (canary === deployment) {
      conflict(notes, [...at, 'deployment'], shownName(canary), 'another deployment: calls go to this one anyway')
      continue
    }
    refuseAbsent(canary, deployment, workload.targets, offers, [...at, 'deployment'], notes)
    if (Object.hasOwn(workload.canary, canary)) {
      const expected = `a deployment without a canary of its own: one call is sent aside once, and ${printable(canary)}'s share is not taken of these`
      warn(notes, [...at, 'deployment'], shownName(canary), expected)
    }
  }
}

function checkShadows(workload: WorkloadConfig, offers: ReadonlyMap<string, Offer>, path: Path, notes: Notes): void {
  for (const [deployment, { deployment: copy, target }] of Object.entries(workload.shadow)) {
    const at = [...path, 'shadow', deployment]
    if (!refuseForeign(workload, deployment, at, notes)) continue
    if (target !== undefined && !offers.has(target)) {
      notes.errors.push(unknownName(target, [...at, 'target'], 'instance or pool', [...offers.keys()]))
      continue
    }
    const targets = target === undefined ? workload.targets : [target]
    refuseAbsent(copy, target === undefined ? deployment : null, targets, offers, [...at, 'deployment'], notes)
    if (copy !== deployment || target !== undefined) continue
    const expected = 'another deployment or target: as it is, the same deployment answers the same call twice'
    warn(notes, [...at, 'deployment'], shownName(copy), expected)
  }
}

/** Only calls for the workload's own deployments arrive, so only they can have shares and copies. */
function refuseForeign(workload: WorkloadConfig, deployment: string, path: Path, notes: Notes): boolean {
  if (workload.deployments.includes(deployment)) return true
  notes.errors.push(unknownKeyName(deployment, path, 'deployment of the workload', workload.deployments))
  return false
}

/**
 * Every target that takes calls for `of` (null: every target) must have the other deployment too, or a share of the
 * calls would be answered with 404.
 */
function refuseAbsent(
  deployment: string,
  of: string | null,
  targets: readonly string[],
  offers: ReadonlyMap<string, Offer>,
  path: Path,
  notes: Notes,
): void {
  const taking = targets.filter(target => of === null || offers.get(target)?.has(of))
  const lacking = taking.filter(target => !offers.get(target)?.has(deployment))
  if (lacking.length === 0) return
  const known = [...offerOfAll(taking, offers).keys()].filter(name => name !== of)
  const finding = unknownName(deployment, path, `deployment of ${listOf(lacking)}`, known)
  const elsewhere = lacking.length < taking.length ? '; each target of the workload needs it' : ''
  notes.errors.push({ ...finding, expected: `${finding.expected}${elsewhere}` })
}

export function checkOperations(workloads: Config['workloads'], notes: Notes): void {
  for (const [name, { operations, tools, serviceTiers }] of Object.entries(workloads)) {
    const path = ['workloads', name, 'operations']
    refuseDuplicates(operations, path, notes)
    checkTools(tools, ['workloads', name, 'tools'], notes)
    refuseDuplicates(serviceTiers, ['workloads', name, 'serviceTiers'], notes)
    for (const [index, operation] of operations.entries()) {
      if (operationNames.includes(operation)) continue
      notes.errors.push(unknownName(operation, [...path, index], 'operation or family', operationNames))
    }
  }
}

function checkTools(tools: readonly string[], path: Path, notes: Notes): void {
  const known: readonly string[] = toolNames
  refuseDuplicates(tools, path, notes)
  for (const [index, tool] of tools.entries()) {
    if (!known.includes(tool)) notes.errors.push(unknownName(tool, [...path, index], 'tool', known))
  }
}

export function checkPriorities(workloads: Config['workloads'], limits: LimitsConfig, notes: Notes): void {
  const { priorityClasses } = limits
  for (const [name, { priority }] of Object.entries(workloads)) {
    if (priorityClasses.includes(priority)) continue
    const path = ['workloads', name, 'priority']
    const finding = unknownName(priority, path, 'class (limits.priorityClasses)', priorityClasses)
    const byDefault = priority === 'standard' ? '; standard is what a workload has that names none' : ''
    notes.errors.push({ ...finding, expected: `${finding.expected}${byDefault}` })
  }
}

function shownName(name: string): string {
  return showValue(name, null, false)
}
