/**
 * `gatehouse prices`: what models cost, and where each price comes from. Reads only the configuration, calls no
 * gateway.
 */
import { Command } from 'commander'
import type { LoadedConfig } from '../../config/load.ts'
import { csvLine } from '../../csv.ts'
import type { Price, PriceBook } from '../../prices/index.ts'
import { bookOf } from '../../prices/open.ts'
import type { CliContext } from '../context.ts'
import { formOption } from '../prepare.ts'
import { jsonText } from '../terminal/printable.ts'
import { renderTable, type TableColumn } from '../terminal/table.ts'
import { configFileDefault, readConfig } from './config-file.ts'
import { type Format, formatOf, widthOf } from './filters.ts'

interface PricesOptions {
  readonly config: string
  readonly all?: true
  readonly format?: Format
}

export function pricesCommand(context: CliContext): Command {
  return new Command('prices')
    .summary('what models cost, and where each price comes from')
    .description(
      'Prices per million tokens of the models in a configuration: its own (prices.models), else those of the catalogue. ' +
        'Calls on a model without a price are recorded without a cost.',
    )
    .option('-c, --config <file>', 'configuration file', configFileDefault)
    .option('--all', 'every model that has a price, deployed or not')
    .addOption(formOption(['table', 'json', 'csv']))
    .action(async (options: PricesOptions) => {
      const loaded = await readConfig(context, options.config)
      const book = bookOf(loaded.catalogue, loaded.config.prices.models)
      const lines = linesOf(loaded, book, options.all === true, context.clock())
      const format = formatOf(options, context)
      context.stdout.write(printed(lines, book.currency, format, widthOf(context)))
    })
}

interface PriceLine {
  readonly model: string
  /** `INSTANCE/DEPLOYMENT`, each that has this model. */
  readonly deployments: readonly string[]
  /** Null when there is none. */
  readonly price: Price | null
}

function linesOf({ config, catalogue }: LoadedConfig, book: PriceBook, all: boolean, nowMs: number): PriceLine[] {
  const deployments = Object.entries(config.instances).flatMap(([instance, written]) =>
    Object.entries(written.deployments).map(([name, { model }]) => ({ model, place: `${instance}/${name}` })),
  )
  const names = all ? [...Object.keys(catalogue.models), ...Object.keys(config.prices.models)] : []
  const models = [...new Set([...deployments.map(({ model }) => model), ...names.sort()])]
  return models.map(model => ({
    model,
    deployments: deployments.filter(one => one.model === model).map(({ place }) => place),
    price: book.priceOf(null, model, nowMs),
  }))
}

const rates = [
  { key: 'input', title: 'input', nano: 'inputNano' },
  { key: 'cachedInput', title: 'cached', nano: 'cachedInputNano' },
  { key: 'output', title: 'output', nano: 'outputNano' },
  { key: 'reasoning', title: 'reasoning', nano: 'reasoningNano' },
  { key: 'audioInput', title: 'audio in', nano: 'audioInputNano' },
  { key: 'audioOutput', title: 'audio out', nano: 'audioOutputNano' },
  { key: 'imageInput', title: 'image in', nano: 'imageInputNano' },
  { key: 'imageOutput', title: 'image out', nano: 'imageOutputNano' },
] as const

/** Nano per token -> units per million. */
function perMillion(nano: number): number {
  return Number((nano / 1_000).toFixed(6))
}

function printed(lines: readonly PriceLine[], currency: string, format: Format, width: number | null): string {
  if (format === 'json') return `${jsonText({ currency, perTokens: 1_000_000, models: lines.map(asJson) }, 2)}\n`
  if (format === 'csv') return csvOf(lines, currency)
  const table = renderTable(columns, lines.map(cellsOf), width)
  const unpriced = lines.filter(({ price }) => price === null).map(({ model }) => model)
  const note =
    unpriced.length === 0
      ? ''
      : `\nWithout a price, so that calls are recorded without a cost: ${unpriced.join(', ')}. prices.models takes them.\n`
  return `Prices per million tokens, ${currency}\n\n${table}${note}`
}

const columns: readonly TableColumn[] = [
  { title: 'model', cutTo: 16 },
  { title: 'deployments', cutTo: 16, leaves: 3 },
  ...rates.map(({ title }, at) => ({ title, align: 'right' as const, ...(at < 3 ? {} : { leaves: 3 + at }) })),
  { title: 'batch', align: 'right', leaves: 9 },
  { title: 'from', leaves: 2 },
  { title: 'as of', cutTo: 12, leaves: 1 },
]

function cellsOf({ model, deployments, price }: PriceLine): string[] {
  if (price === null) return [model, deployments.join(', '), ...rates.map(() => '-'), '-', 'nowhere', '-']
  return [
    model,
    deployments.join(', '),
    ...rates.map(({ nano }) => String(perMillion(price[nano]))),
    `${Number((price.batchShare * 100).toFixed(2))} %`,
    price.from,
    // The name begins with the model, which the first column has.
    price.name.startsWith(`${model} `) ? price.name.slice(model.length + 1) : price.name,
  ]
}

function asJson({ model, deployments, price }: PriceLine): unknown {
  if (price === null) return { model, deployments, price: null }
  const { name, from, batchShare } = price
  const tiers = Object.fromEntries([...price.tiers].map(([tier, one]) => [tier, figuresOf(one)]))
  const { longContext: long } = price
  const longContext = long === null ? null : { above: long.above, ...figuresOf(long.price) }
  return { model, deployments, price: { name, from, ...figuresOf(price), batchShare, tiers, longContext } }
}

function figuresOf(price: Price): Readonly<Record<string, number>> {
  return Object.fromEntries(rates.map(({ key, nano }) => [key, perMillion(price[nano])]))
}

function csvOf(lines: readonly PriceLine[], currency: string): string {
  const head = ['model', 'deployments', 'currency', ...rates.map(({ key }) => key), 'batchShare', 'from', 'price']
  const rows = lines.map(({ model, deployments, price }) => [
    model,
    deployments.join(' '),
    currency,
    ...rates.map(({ nano }) => (price === null ? null : perMillion(price[nano]))),
    price?.batchShare ?? null,
    price?.from ?? null,
    price?.name ?? null,
  ])
  return [head, ...rows].map(csvLine).join('')
}
