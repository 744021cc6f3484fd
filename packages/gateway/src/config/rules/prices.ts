/** Rules of prices: one currency, and a price for every model that is limited by cost. */
import type { Catalogue } from '../catalogue.ts'
import { formatPath, nearestOf, type Path, printable } from '../messages.ts'
import { type Config, costNames, type LimitRuleConfig } from '../schema/index.ts'
import { type Amounts, amountsOfInstances, amountsOfRules, amountsOfWorkloads } from './limits.ts'
import { conflict, listOf, type Notes, type Sections, warn } from './notes.ts'
import { type Offer, offerOfAll } from './offers.ts'

/** What the rules need to know about the prices in force. */
export interface KnownPrices {
  /** Currency of the catalogue, ISO 4217. */
  readonly currency: string
  /** Models of the catalogue. */
  readonly models: readonly string[]
  /** True for a model that has a price at any time, in the catalogue or in `prices.models`. */
  isPriced(model: string): boolean
}

export function knownPrices(catalogue: Catalogue, prices: Config['prices']): KnownPrices {
  const models = Object.keys(catalogue.models)
  const priced = new Set([...models, ...Object.keys(prices.models)].map(model => model.toLowerCase()))
  return { currency: catalogue.currency, models, isPriced: model => priced.has(model.toLowerCase()) }
}

export function checkPrices(
  prices: Config['prices'],
  known: KnownPrices,
  instances: Config['instances'] | null,
  notes: Notes,
): void {
  const { currency } = known
  if (prices.currency !== undefined && prices.currency !== currency) {
    const whose =
      prices.catalogue === undefined ? 'of the price catalogue that comes with Gatehouse' : 'of prices.catalogue'
    const expected = `${currency}, the currency ${whose}; another one needs a catalogue of its own (prices.catalogue)`
    conflict(notes, ['prices', 'currency'], prices.currency, expected)
  }
  for (const [model, written] of Object.entries(prices.models)) checkModel(model, written, notes)
  if (instances === null) return
  const deployed = new Set(
    Object.values(instances).flatMap(({ deployments }) => Object.values(deployments).map(({ model }) => model)),
  )
  for (const model of Object.keys(prices.models)) checkUse(model, deployed, known, notes)
  reportUnpriced(instances, known, notes)
}

function checkModel(model: string, written: Config['prices']['models'][string], notes: Notes): void {
  const seen = new Set<string>()
  const several = Array.isArray(written)
  for (const [index, price] of [written].flat().entries()) {
    const path = several ? ['prices', 'models', model, index] : ['prices', 'models', model]
    if (seen.has(price.validFrom)) {
      const expected = 'each first day once; a price of this day stands above'
      notes.errors.push({
        code: 'duplicate',
        path: [...path, 'validFrom'],
        seen: price.validFrom,
        expected,
        nearest: null,
      })
    }
    seen.add(price.validFrom)
    if (price.cachedInput !== undefined && price.cachedInput > price.input) {
      const expected = `at most input (${price.input}): cached tokens are cheaper, so the two may be swapped`
      warn(notes, [...path, 'cachedInput'], String(price.cachedInput), expected)
    }
    if (price.input > 0 && price.output === 0 && !/embed|moderation|rerank/i.test(model)) {
      const expected = 'a price of the answer: as it is, completion tokens cost nothing'
      warn(notes, [...path, 'output'], '0', expected)
    }
  }
}

/** A model of the catalogue, or a dated or tuned form of a deployed one, can be the one that answers. */
function checkUse(model: string, deployed: ReadonlySet<string>, known: KnownPrices, notes: Notes): void {
  const wanted = model.toLowerCase()
  const bases = [...deployed, ...known.models].map(name => name.toLowerCase())
  if (bases.some(base => wanted === base || wanted.startsWith(`${base}-`) || wanted.startsWith(`${base}.`))) return
  const expected = 'the model of a deployment: no deployment has this one, and the catalogue does not know it'
  warn(notes, ['prices', 'models', model], 'a price', expected, nearestOf(model, deployed))
}

/** Reports each model once, at its first deployment. */
function reportUnpriced(instances: Config['instances'], known: KnownPrices, notes: Notes): void {
  const said = new Set<string>()
  for (const [name, { deployments }] of Object.entries(instances)) {
    for (const [deployment, { model }] of Object.entries(deployments)) {
      if (said.has(model) || known.isPriced(model)) continue
      said.add(model)
      const path = ['instances', name, 'deployments', deployment, 'model']
      const expected = `a model with a price: its calls are reported without a cost. Give one in prices.models, or name the model as the catalogue does (gatehouse prices --all)`
      warn(notes, path, printable(model), expected, nearestOf(model, known.models))
    }
  }
}

interface Costs {
  readonly sections: Sections
  readonly known: KnownPrices
  readonly offers: ReadonlyMap<string, Offer> | null
}

/**
 * A cost limit in another currency cannot be compared; a cost limit over models without a price would never be reached.
 */
export function checkCostLimits(costs: Costs, notes: Notes): void {
  const { workloads, instances, limits } = costs.sections
  const all = [
    ...(workloads === null ? [] : amountsOfWorkloads(workloads)),
    ...(instances === null ? [] : amountsOfInstances(instances)),
    ...(limits === null ? [] : amountsOfRules(limits)),
  ]
  for (const amounts of all) {
    for (const name of costNames) {
      const amount = amounts.written[name]
      if (amount !== undefined) checkCost(amounts, [...amounts.path, name], amount.currency, costs, notes)
    }
  }
}

function checkCost(amounts: Amounts, path: Path, currency: string, costs: Costs, notes: Notes): void {
  const { known } = costs
  if (currency !== known.currency) {
    const expected = `an amount in ${known.currency}, the currency of the price catalogue`
    conflict(notes, path, currency, expected)
    return
  }
  const unpriced = [...modelsMet(amounts, costs)].filter(([model]) => !known.isPriced(model))
  if (unpriced.length === 0) return
  const seen = unpriced.map(([model, deployment]) => `${printable(model)} (deployment ${printable(deployment)})`)
  const [first] = unpriced
  const expected = `prices of all models that it limits: ${formatPath(['prices', 'models', first?.[0] ?? ''])} is missing. Give it there (0 for what is to count as free), or limit tokens instead`
  conflict(notes, path, `no price of ${listOf(seen)}`, expected)
}

/** Models that calls under this limit may reach -> a deployment that has it. */
function modelsMet({ path, written }: Amounts, { sections, offers }: Costs): ReadonlyMap<string, string> {
  const [section, name = ''] = path.map(String)
  const { workloads, instances } = sections
  if (section === 'instances') {
    const own = Object.entries(instances?.[name]?.deployments ?? {})
    const only = path[2] === 'deployments' ? String(path[3]) : null
    return new Map(
      own.flatMap(([deployment, { model }]) => (only === null || only === deployment ? [[model, deployment]] : [])),
    )
  }
  if (workloads === null || offers === null) return new Map()
  const rule: Partial<LimitRuleConfig> = section === 'workloads' ? { workloads: [name] } : written
  const names = rule.workloads ?? Object.keys(workloads)
  return new Map(names.flatMap(workload => modelsOfWorkload(workloads[workload], rule, offers)))
}

/** Includes shares and copies: they are charged to the workload like any other call. */
function modelsOfWorkload(
  workload: Config['workloads'][string] | undefined,
  rule: Partial<LimitRuleConfig>,
  offers: ReadonlyMap<string, Offer>,
): (readonly [model: string, deployment: string])[] {
  if (workload === undefined) return []
  const offer = offerOfAll(workload.targets, offers)
  const called = [...workload.deployments, ...Object.values(workload.canary).map(({ deployment }) => deployment)]
  const copied = Object.values(workload.shadow).map(({ deployment, target }) => {
    return [deployment, target === undefined ? offer : offers.get(target)] as const
  })
  return [...called.map(deployment => [deployment, offer] as const), ...copied]
    .filter(([deployment]) => rule.deployments === undefined || rule.deployments.includes(deployment))
    .flatMap(([deployment, of]) => [...(of?.get(deployment) ?? [])].map(model => [model, deployment] as const))
}
