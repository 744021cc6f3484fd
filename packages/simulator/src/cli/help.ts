import { optionRows, type ServiceName } from './options.ts'

const columns = 38

/** The text of `--help`. */
export function helpText(): string {
  return `Usage: gatehouse-simulator azure|entra [options]

Azure OpenAI and Microsoft Entra ID, simulated on this machine, to test clients of them.

  azure          Azure OpenAI instances
  entra          a Microsoft Entra tenant with people, applications and a managed identity
  azure entra    both; the instances then accept the tenant's tokens, and keys only if --key names some

Options of azure:
${listed('azure')}

Options of entra:
${listed('entra')}

Other options:
${listed(null)}

Faults: send the header x-simulator-fault, as "429;retry-after=2", or POST /_simulator/faults.
The bill, for each call what it would have cost: GET /_simulator/bill.

Examples:
  gatehouse-simulator azure
  gatehouse-simulator azure --deployment chat=gpt-4o --tokens-per-minute 10000 --seed 7
  gatehouse-simulator azure entra --instances 2
`
}

function listed(service: ServiceName | null): string {
  return Object.entries(optionRows)
    .filter(([, row]) => row.of === service)
    .map(([name, row]) => {
      const short = 'short' in row ? `-${row.short}, ` : '    '
      const value = row.value === null ? '' : ` <${row.value}>`
      const several = 'isList' in row ? '; may come several times' : ''
      const standard = 'standard' in row ? ` (default: ${row.standard})` : ''
      return `  ${`${short}--${name}${value}`.padEnd(columns)}  ${row.say}${several}${standard}`
    })
    .join('\n')
}
