/** `gatehouse ledger check|rebuild|export`: the ledger itself, on the machine that has its directory. */
import { Command } from 'commander'
import type { CheckedPart } from '../../ledger/upkeep/index.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { jsonText, printable } from '../terminal/printable.ts'
import { figure, renderTable } from '../terminal/table.ts'
import { widthOf } from './filters.ts'
import { exportCommand } from './ledger-export.ts'
import { addPlaceOptions, asCliError, type PlaceOptions, placeOf } from './ledger-place.ts'

export function ledgerCommand(context: CliContext): Command {
  return new Command('ledger')
    .description('check a stopped ledger, rebuild its store, export records')
    .addCommand(checkCommand(context))
    .addCommand(rebuildCommand(context))
    .addCommand(exportCommand(context))
}

function checkCommand(context: CliContext): Command {
  const command = new Command('check').description(
    'verify a stopped ledger: checksums of the journal, records against it, sums against records, cursors of feeds',
  )
  return addPlaceOptions(command).action(async (options: PlaceOptions) => {
    const { checkLedger } = await import('../../ledger/upkeep/check.ts')
    const { directory } = await placeOf(context, options)
    const parts = await asCliError(checkLedger(directory))
    const faults = parts.reduce((sum, part) => sum + part.faults.length, 0)
    context.stdout.write(context.json ? `${jsonText({ directory, parts }, 2)}\n` : checkText(parts, widthOf(context)))
    if (faults === 0) return
    throw new CliError(
      'ledger_faulty',
      `The ledger in ${directory} has faults.`,
      'Damage to the journal costs what it hit. The store can be rebuilt from the journal.',
      'gatehouse ledger rebuild',
    )
  })
}

function checkText(parts: readonly CheckedPart[], width: number | null): string {
  const columns = [{ title: '' }, { title: 'part' }, { title: 'checked' }, { title: 'faults', align: 'right' as const }]
  const rows = parts.map(({ part, checked, faults }) => [
    faults.length === 0 ? '✓' : '✗',
    part,
    checked,
    figure(faults.length),
  ])
  const lines = parts.flatMap(({ part, faults, notes }) => [
    ...faults.map(fault => `✗ ${part}: ${fault}`),
    ...notes.map(note => `  ${part}: ${note}`),
  ])
  const details = lines.length === 0 ? '' : `\n${printable(lines.join('\n'))}\n`
  return renderTable(columns, rows, width) + details
}

function rebuildCommand(context: CliContext): Command {
  const command = new Command('rebuild')
    .description('rebuild the store of a stopped ledger from its journal; records that only the store has are kept')
    .option('--without-old', 'go on where the store or an archive cannot be read, without what only it has')
  return addPlaceOptions(command).action(async (options: PlaceOptions & { readonly withoutOld?: true }) => {
    const { rebuildLedger } = await import('../../ledger/upkeep/rebuild.ts')
    const { directory } = await placeOf(context, options)
    const rebuilt = await asCliError(rebuildLedger(directory, options.withoutOld === true))
    if (context.json) context.stdout.write(`${jsonText({ directory, ...rebuilt })}\n`)
    else {
      const { loaded, kept, adopted, leftOut } = rebuilt
      const found = adopted === 0 ? '' : `, ${figure(adopted)} from archives that it did not know`
      const text = `${figure(loaded)} records from the journal, ${figure(kept)} from the store as it was${found}`
      context.stdout.write(`✓ The store in ${directory} is new: ${text}.\n`)
      for (const file of leftOut)
        context.stdout.write(`! ${printable(file)} is damaged or missing: its records are not in the store.\n`)
    }
  })
}
